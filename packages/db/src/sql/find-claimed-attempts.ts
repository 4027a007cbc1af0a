import type { Statement } from "./statement.ts";

/** $1 ids of claims. Attempts of theirs that nobody has settled, be their leases over or not. */
export const FIND_CLAIMED_ATTEMPTS: Statement = {
  name: "find-claimed-attempts",
  text: `
select claim_id, message_id, number
from attempts
where (outcome is null or outcome = 'unknown') and claim_id = any($1::uuid[])`,
};
