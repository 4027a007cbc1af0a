import type { Statement } from "./statement.ts";

/** $1 provider, $2 account, $3 provider's message id, $4 report as JSON, $5 time of receipt. */
export const PARK_REPORT: Statement = {
  name: "park-report",
  text: `
insert into parked_reports (provider, account, provider_message_id, report, received_at)
values ($1, $2, $3, $4::jsonb, $5)
returning id::text`,
};
