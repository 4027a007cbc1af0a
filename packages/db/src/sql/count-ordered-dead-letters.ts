import type { Statement } from "./statement.ts";

/** $1 the order's id. */
export const COUNT_ORDERED_DEAD_LETTERS: Statement = {
  name: "count-ordered-dead-letters",
  text: `
select count(*) filter (where ordered is not null)::int as waiting, count(*) filter (where ordered is null)::int as failed
from dead_letters where order_id = $1::uuid`,
};
