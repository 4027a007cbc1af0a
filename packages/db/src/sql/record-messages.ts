import type { Statement } from "./statement.ts";

/**
 * $1 rows as JSON. Answers the ids that were not there yet. Sorted, so that overlapping batches do not deadlock. What is
 * due now is decided by this clock, as everywhere, not by that of the process: a scheduled message whose time has come is
 * queued, and a queued one is due at once.
 */
export const RECORD_MESSAGES: Statement = {
  name: "record-messages",
  text: `
insert into messages (
  id, client_id, key_id, batch_id, seed, to_number, recipient_name, from_number, text, message_type, udh, sms_type,
  encoding, segments, lane, priority, status, providers, planned_provider, due_at, schedule_at, expire_at,
  error_code, error_message, custom_id, metadata, callback_url, request, simulated, accepted_at,
  event_count, trace, queued_at, final_at, updated_at
)
select
  r.id, r.client_id, r.key_id, r.batch_id, r.seed, r.to_number, r.recipient_name, r.from_number, r.text, r.message_type,
  r.udh, r.sms_type, r.encoding, r.segments, r.lane, r.priority, begun.status, r.providers, r.planned_provider,
  case when begun.status = 'queued' then least(r.due_at, statement_timestamp()) else r.due_at end,
  r.schedule_at, r.expire_at, r.error_code, r.error_message, r.custom_id, r.metadata, r.callback_url, r.request,
  r.simulated, r.accepted_at,
  r.event_count,
  case when r.trace is null then '[]' else jsonb_build_array(r.trace || jsonb_build_object('at', statement_timestamp()::timestamptz(3))) end,
  case when begun.status = 'queued' then statement_timestamp() end,
  case when r.final then statement_timestamp() end,
  statement_timestamp()
from json_to_recordset($1::json) as r (
  id uuid, client_id uuid, key_id uuid, batch_id uuid, seed text, to_number text, recipient_name text, from_number text,
  text text, message_type text, udh text, sms_type text, encoding text, segments integer, lane smallint,
  priority smallint, status text, providers text[], planned_provider text, due_at timestamptz, schedule_at timestamptz,
  expire_at timestamptz, error_code text, error_message text, custom_id text, metadata jsonb, callback_url text,
  request jsonb, simulated boolean, accepted_at timestamptz, event_count integer, trace jsonb,
  final boolean
)
cross join lateral (
  select case when r.status = 'scheduled' and r.due_at <= statement_timestamp() then 'queued' else r.status end
) as begun (status)
order by r.id
on conflict (id) do nothing
returning id, status, updated_at`,
};
