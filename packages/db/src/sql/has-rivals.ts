import type { Statement } from "./statement.ts";

/**
 * $1 client, $2 recipient, $3 message, $4 provider, $5 and $6 the time of the attempt. Whether another message of the client
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
    and a.provider = $4 and a.provider_message_id is null and (a.outcome is null or a.outcome = 'unknown')
    and a.started_at <= $6::timestamptz + interval '1 minute'
    and coalesce(a.finished_at, statement_timestamp()) >= $5::timestamptz - interval '1 minute'
) as has_rivals`,
};
