import type { Statement } from "./statement.ts";

/** $1 most rows. */
export const DROP_EXPIRED_QUOTAS: Statement = {
  name: "drop-expired-quotas",
  text: `
delete from admission_quotas where (client_id, day) in (
  select client_id, day from admission_quotas
  where expires_at <= statement_timestamp()
  order by expires_at
  limit $1::int
  for update skip locked
)
returning 1`,
};
