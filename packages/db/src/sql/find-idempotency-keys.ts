import type { Statement } from "./statement.ts";

/** $1 keys as JSON, all of them locked by this transaction. */
export const FIND_IDEMPOTENCY_KEYS: Statement = {
  name: "find-idempotency-keys",
  text: `
select k.client_id, k.key_hash, k.seed, k.fingerprint, k.accepted_at, k.expires_at
from json_to_recordset($1::json) as r (client_id uuid, key_hash text)
join idempotency_keys k on k.client_id = r.client_id and k.key_hash = r.key_hash`,
};
