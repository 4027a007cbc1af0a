import type { Statement } from "./statement.ts";

/** $1 age in milliseconds, $2 most reports. */
export const DROP_OLD_PARKED_REPORTS: Statement = {
  name: "drop-old-parked-reports",
  text: `
delete from parked_reports where id in (
  select id from parked_reports
  where parked_at <= statement_timestamp() - $1::float8 * interval '1 millisecond'
  order by parked_at
  limit $2::int
  for update skip locked
)
returning id`,
};
