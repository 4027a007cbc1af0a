import type { Statement } from "./statement.ts";

/** $1 age in milliseconds, $2 most rows. */
export const DROP_OLD_PROVIDER_CALLS: Statement = {
  name: "drop-old-provider-calls",
  text: `
delete from provider_calls where (provider, worker) in (
  select provider, worker from provider_calls
  where at <= statement_timestamp() - $1::float8 * interval '1 millisecond'
  order by at
  limit $2::int
  for update skip locked
)
returning worker`,
};
