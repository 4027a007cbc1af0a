import type { Statement } from "./statement.ts";

/** $1 the key. Whether this transaction has the lock now; nobody waits. */
export const TRY_ADVISORY_LOCK: Statement = {
  name: "try-advisory-lock",
  text: "select pg_try_advisory_xact_lock($1::bigint) as is_mine",
};
