import type { Statement } from "./statement.ts";

/** $1 milliseconds past the deadline, $2 most ids. Messages that are still worked on long after they should have ended. */
export const FIND_FORGOTTEN: Statement = {
  name: "find-forgotten",
  text: `
select id from messages
where status in ('queued', 'scheduled', 'sending')
  and expire_at <= statement_timestamp() - $1::float8 * interval '1 millisecond'
order by expire_at
limit $2::int`,
};
