import type { Statement } from "./statement.ts";

/** $1 most keys, $2 milliseconds for which a key stays once it is recorded. */
export const DROP_EXPIRED_IDEMPOTENCY_KEYS: Statement = {
  name: "drop-expired-idempotency-keys",
  text: `
delete from idempotency_keys where (client_id, key_hash) in (
  select client_id, key_hash from idempotency_keys
  where expires_at <= statement_timestamp()
    and recorded_at <= statement_timestamp() - $2::float8 * interval '1 millisecond'
  order by expires_at
  limit $1::int
  for update skip locked
)
returning key_hash`,
};
