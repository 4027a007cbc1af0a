import type { Statement } from "./statement.ts";

/**
 * $1 message ids, locked by an earlier statement. At least one row, for \`now\`: the database's clock after the wait for
 * the locks, so that what is written next is later than what is there.
 */
export const READ_ATTEMPTS: Statement = {
  name: "read-attempts",
  text: `
select clock.now, a.message_id, a.number, a.provider, a.account, a.lease_until, a.started_at, a.finished_at, a.outcome,
  a.report_status, a.report_at, a.error_code, a.error_message, a.provider_message_id, a.segments, a.price_amount,
  a.price_currency, a.check_at, a.refusal_scope
from (select statement_timestamp() as now) as clock
left join attempts a on a.message_id = any($1::uuid[])
order by a.message_id, a.number`,
};
