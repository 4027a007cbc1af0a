import type { Statement } from "./statement.ts";

/** $1 message ids. Locked in id order, as everywhere: overlapping batches wait for each other and do not deadlock. */
export const LOCK_MESSAGES: Statement = {
  name: "lock-messages",
  text: `
select id, client_id, to_number, from_number, message_type, sms_type, encoding, lane, priority, status, providers,
  planned_provider, tried, round, attempt_count, due_at, schedule_at, expire_at, provider, provider_message_id,
  error_code, error_message, segments, cost_amount, cost_currency, simulated, possible_double, event_count, accepted_at,
  queued_at, sent_at, delivered_at, final_at, request->>'id' as request_id
from messages
where id = any($1::uuid[])
order by id
for update`,
};
