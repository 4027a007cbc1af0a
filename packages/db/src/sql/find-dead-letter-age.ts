import type { Statement } from "./statement.ts";

/** Seconds for which the oldest one is kept; no row where there is none. */
export const FIND_DEAD_LETTER_AGE: Statement = {
  name: "find-dead-letter-age",
  text: `
select greatest(0, extract(epoch from statement_timestamp() - kept_at))::float8 as seconds
from dead_letters order by position limit 1`,
};
