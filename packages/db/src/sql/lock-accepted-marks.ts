import type { Statement } from "./statement.ts";

/** $1 boot ids as JSON, each once, $2 the lane. Sorted, so that overlapping batches do not deadlock. */
export const LOCK_ACCEPTED_MARKS: Statement = {
  name: "lock-accepted-marks",
  text: `
insert into accepted_marks (boot_id, lane, highest, seen_at)
select r.boot_id, $2::smallint, 0, statement_timestamp()
from json_to_recordset($1::json) as r (boot_id text)
order by r.boot_id
on conflict (boot_id, lane) do update set seen_at = excluded.seen_at
returning boot_id, highest, gaps, statement_timestamp() as now`,
};
