import type { Statement } from "./statement.ts";

/** Decisions kept of one message: ten rounds over five providers would be 50, and the first 40 tell the story. */
const TRACE_ENTRIES_MAX = 40;

/** $1 messages as JSON, every column that may change, whether it did or not. They are locked, one entry each. */
export const UPDATE_MESSAGES: Statement = {
  name: "update-messages",
  text: `
update messages m set
  status = c.status,
  planned_provider = c.planned_provider,
  due_at = c.due_at,
  tried = c.tried,
  round = c.round,
  error_code = c.error_code,
  error_message = c.error_message,
  provider = c.provider,
  provider_message_id = c.provider_message_id,
  segments = c.segments,
  cost_amount = c.cost_amount,
  cost_currency = c.cost_currency,
  possible_double = c.possible_double,
  text = case when c.erase_text then null else m.text end,
  event_count = c.event_count,
  trace = case
    when c.trace is null or jsonb_array_length(m.trace) >= ${TRACE_ENTRIES_MAX} then m.trace else m.trace || c.trace
  end,
  queued_at = c.queued_at,
  sent_at = c.sent_at,
  delivered_at = c.delivered_at,
  final_at = c.final_at,
  updated_at = c.updated_at
from json_to_recordset($1::json) as c (
  id uuid, status text, planned_provider text, due_at timestamptz, tried text[], round smallint, error_code text,
  error_message text, provider text, provider_message_id text, segments integer, cost_amount numeric,
  cost_currency text, possible_double boolean, erase_text boolean, event_count integer, trace jsonb, queued_at timestamptz,
  sent_at timestamptz, delivered_at timestamptz, final_at timestamptz, updated_at timestamptz
)
where m.id = c.id`,
};
