import type { Statement } from "./statement.ts";

/** $1 age in milliseconds, $2 most rows. */
export const DROP_OLD_PROVIDER_CHANGES: Statement = {
  name: "drop-old-provider-changes",
  text: `
delete from provider_changes where id in (
  select id from provider_changes
  where at <= statement_timestamp() - $1::float8 * interval '1 millisecond'
  order by at
  limit $2::int
  for update skip locked
)
returning id`,
};
