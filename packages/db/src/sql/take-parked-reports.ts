import type { Statement } from "./statement.ts";

/** $1 most reports, $2 how long they are the caller's, in milliseconds. */
export const TAKE_PARKED_REPORTS: Statement = {
  name: "take-parked-reports",
  text: `
with matched as materialized (
  select r.id, a.message_id, a.number
  from parked_reports r cross join lateral (
    select a.message_id, a.number from attempts a
    where a.provider = r.provider and a.provider_message_id = r.provider_message_id and a.account = r.account
    order by a.message_id desc, a.number desc
    limit 1
  ) as a
  where r.taken_until is null or r.taken_until <= statement_timestamp()
  order by r.id
  limit $1::int
  for update of r skip locked
)
update parked_reports r
set taken_until = statement_timestamp() + $2::int * interval '1 millisecond'
from matched
where r.id = matched.id
returning r.id::text, r.provider, r.account, r.provider_message_id, r.report, r.received_at, matched.message_id,
  matched.number`,
};
