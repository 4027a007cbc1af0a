import type { Statement } from "./statement.ts";

/**
 * $1 provider, $2 account, $3 provider's message id, $4 report as JSON, $5 time of receipt. One that is parked already
 * stays the only one: the queue hands a batch over again when the first time has failed half way.
 */
export const PARK_REPORT: Statement = {
  name: "park-report",
  text: `
with known as (
  select id from parked_reports
  where provider = $1 and account = $2 and provider_message_id = $3 and report = $4::jsonb and received_at = $5
  limit 1
), added as (
  insert into parked_reports (provider, account, provider_message_id, report, received_at)
  select $1, $2, $3, $4::jsonb, $5
  where not exists (select from known)
  returning id
)
select id::text from added union all select id::text from known`,
};
