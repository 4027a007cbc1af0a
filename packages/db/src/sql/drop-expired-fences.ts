import type { Statement } from "./statement.ts";

/** $1 most rows. */
export const DROP_EXPIRED_FENCES: Statement = {
  name: "drop-expired-fences",
  text: `
delete from admission_fences where (client_id, token) in (
  select client_id, token from admission_fences
  where expires_at <= statement_timestamp()
  order by expires_at
  limit $1::int
  for update skip locked
)
returning 1`,
};
