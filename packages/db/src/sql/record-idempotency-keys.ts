import type { Statement } from "./statement.ts";

/**
 * $1 keys as JSON, one row per client and hash; $2 milliseconds by which gateways' clocks may differ. A row that is there
 * stays, unless its life was over when the new request was accepted. Answers the rows that were written; those that were
 * not are locked all the same. Sorted, so that overlapping batches do not deadlock.
 */
export const RECORD_IDEMPOTENCY_KEYS: Statement = {
  name: "record-idempotency-keys",
  text: `
insert into idempotency_keys as known (client_id, key_hash, seed, fingerprint, accepted_at, expires_at, recorded_at)
select r.client_id, r.key_hash, r.seed, r.fingerprint, r.accepted_at, r.expires_at, statement_timestamp()
from json_to_recordset($1::json) as r (
  client_id uuid, key_hash text, seed text, fingerprint text, accepted_at timestamptz, expires_at timestamptz
)
order by r.client_id, r.key_hash
on conflict (client_id, key_hash) do update
  set seed = excluded.seed, fingerprint = excluded.fingerprint, accepted_at = excluded.accepted_at,
    expires_at = excluded.expires_at, recorded_at = excluded.recorded_at
  where known.expires_at - $2::float8 * interval '1 millisecond' <= excluded.accepted_at
returning client_id, key_hash, seed, fingerprint, accepted_at, expires_at`,
};
