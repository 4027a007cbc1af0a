import type { Statement } from "./statement.ts";

/** $1 most attempts. Open attempts whose lease is over; a hint, decided again under lock. */
export const FIND_EXPIRED_LEASES: Statement = {
  name: "find-expired-leases",
  text: `
select message_id from attempts
where outcome is null and lease_until <= statement_timestamp()
order by lease_until
limit $1::int`,
};
