import type { Statement } from "./statement.ts";

/**
 * $1 attempts as JSON, every column that may change, whether it did or not. Their messages are locked; \`check_at\` alone
 * also changes without that lock, when somebody takes the attempt to look at it, so it is written only where it is named.
 */
export const UPDATE_ATTEMPTS: Statement = {
  name: "update-attempts",
  text: `
update attempts a set
  finished_at = c.finished_at,
  outcome = c.outcome,
  report_status = c.report_status,
  report_at = c.report_at,
  error_code = c.error_code,
  error_message = c.error_message,
  provider_message_id = c.provider_message_id,
  segments = c.segments,
  price_amount = c.price_amount,
  price_currency = c.price_currency,
  refusal_scope = c.refusal_scope,
  check_first = c.check_first,
  check_at = case when c.sets_check_at then c.check_at else a.check_at end
from json_to_recordset($1::json) as c (
  message_id uuid, number smallint, finished_at timestamptz, outcome text, report_status text, report_at timestamptz,
  error_code text, error_message text, provider_message_id text, segments integer, price_amount numeric,
  price_currency text, refusal_scope text, check_first boolean, check_at timestamptz, sets_check_at boolean
)
where a.message_id = c.message_id and a.number = c.number`,
};
