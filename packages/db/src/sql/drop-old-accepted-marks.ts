import type { Statement } from "./statement.ts";

/** $1 milliseconds of silence, $2 most boot ids. One that is silent in one lane and not in another is alive. What is missing must have been reported. */
export const DROP_OLD_ACCEPTED_MARKS: Statement = {
  name: "drop-old-accepted-marks",
  text: `
delete from accepted_marks where boot_id in (
  select boot_id from accepted_marks
  group by boot_id
  having max(seen_at) <= statement_timestamp() - $1::float8 * interval '1 millisecond' and bool_and(
    not exists (
      select from jsonb_to_recordset(gaps) as g (since timestamptz, reported boolean)
      where g.since is not null and not g.reported
    )
  )
  limit $2::int
)
and seen_at <= statement_timestamp() - $1::float8 * interval '1 millisecond'
returning boot_id`,
};
