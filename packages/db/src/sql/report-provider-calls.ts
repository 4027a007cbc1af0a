import type { Statement } from "./statement.ts";

/** $1 worker; $2 providers, with $3 the epoch of their circuits, $4 calls and $5 failures. Replaces what the worker said last. */
export const REPORT_PROVIDER_CALLS: Statement = {
  name: "report-provider-calls",
  text: `
insert into provider_calls (worker, provider, epoch, calls, failures, at)
select $1::uuid, report.provider, report.epoch, report.calls, report.failures, statement_timestamp()
from unnest($2::text[], $3::int[], $4::int[], $5::int[]) as report (provider, epoch, calls, failures)
on conflict (provider, worker) do update
set epoch = excluded.epoch, calls = excluded.calls, failures = excluded.failures, at = excluded.at`,
};
