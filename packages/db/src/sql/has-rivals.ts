import type { Statement } from "./statement.ts";

/**
 * $1 client, $2 recipient, $3 message, $4 provider, $5 and $6 the time of the attempt, $7 and $8 ids between which those of
 * messages lie that can have had an attempt at that time. Whether another message of the client
 * to that recipient had an attempt at that time of which nobody knows yet what the provider calls it. A minute more on either side, since
 * providers' lists allow for clocks that differ.
 */
export const HAS_RIVALS: Statement = {
  name: "has-rivals",
  text: `
select exists (
  select 1
  from messages m join attempts a on a.message_id = m.id
  where m.client_id = $1::uuid and m.to_number = $2 and m.id <> $3::uuid
    and m.id >= $7::uuid and m.id < $8::uuid
    -- Of one attempt only, and known to be taken or refused: that attempt is not in doubt. Spares most the second look.
    and (m.attempt_count > 1 or m.status in ('queued', 'sending', 'unknown'))
    and a.provider = $4 and a.provider_message_id is null and (a.outcome is null or a.outcome = 'unknown')
    and a.started_at <= $6::timestamptz + interval '1 minute'
    and coalesce(a.finished_at, statement_timestamp()) >= $5::timestamptz - interval '1 minute'
) as has_rivals`,
};
