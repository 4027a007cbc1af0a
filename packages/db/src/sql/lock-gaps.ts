import type { Statement } from "./statement.ts";

/** $1 the boot id, $2 the lane. */
export const LOCK_GAPS: Statement = {
  name: "lock-gaps",
  text: `
select highest, gaps, statement_timestamp() as now from accepted_marks
where boot_id = $1 and lane = $2::smallint
for update`,
};
