import type { Statement } from "./statement.ts";

/** $1 rows as JSON. A row that is there stays, unless its time is over. Sorted, so that overlapping batches do not deadlock. */
export const RECORD_IDEMPOTENCY_KEYS: Statement = {
  name: "record-idempotency-keys",
  text: `
insert into idempotency_keys as known (client_id, key_hash, seed, fingerprint, expires_at)
select r.client_id, r.key_hash, r.seed, r.fingerprint, r.expires_at
from json_to_recordset($1::json) as r (
  client_id uuid, key_hash text, seed text, fingerprint text, expires_at timestamptz
)
order by r.client_id, r.key_hash
on conflict (client_id, key_hash) do update
  set seed = excluded.seed, fingerprint = excluded.fingerprint, expires_at = excluded.expires_at
  where known.expires_at <= statement_timestamp() and excluded.expires_at > known.expires_at`,
};
