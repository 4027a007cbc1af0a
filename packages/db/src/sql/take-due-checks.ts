import type { Statement } from "./statement.ts";

/** $1 provider. Attempts of unknown outcome that are due to be looked at, of the classes that come first. */
export const TAKE_FIRST_UNKNOWN_ATTEMPTS: Statement = takeDueChecks(
  "take-first-unknown-attempts",
  "a.outcome = 'unknown' and a.check_first",
);

/** $1 provider. Those of all other classes. */
export const TAKE_UNKNOWN_ATTEMPTS: Statement = takeDueChecks(
  "take-unknown-attempts",
  "a.outcome = 'unknown' and not a.check_first",
);

/** $1 provider. Attempts that their provider took and of which no final report has come, due to be asked for. */
export const TAKE_UNREPORTED_ATTEMPTS: Statement = takeDueChecks("take-unreported-attempts", "a.outcome <> 'unknown'");

/**
 * $2 most attempts, $3 how long they are the caller's, in milliseconds. Taking one moves it: whoever dies in between leaves
 * it due again. Without the lock on the message, for nothing but this column changes, and nothing is waited for.
 */
function takeDueChecks(name: string, isDue: string): Statement {
  return {
    name,
    text: `
with due as materialized (
  select a.message_id, a.number from attempts a
  where a.provider = $1 and a.check_at is not null and ${isDue} and a.check_at <= statement_timestamp()
  order by a.check_at
  limit $2::int
  for update skip locked
), taken as (
  update attempts a set check_at = statement_timestamp() + $3::int * interval '1 millisecond'
  from due
  where a.message_id = due.message_id and a.number = due.number
  returning a.*
)
select t.message_id, t.number, t.account, t.outcome, t.report_status, t.provider_message_id, t.started_at, t.finished_at,
  t.check_at as taken_until, statement_timestamp() as now, m.client_id, m.status, m.sms_type, m.to_number, m.from_number,
  m.text, m.expire_at, m.final_at
from taken t join messages m on m.id = t.message_id
order by t.message_id, t.number`,
  };
}
