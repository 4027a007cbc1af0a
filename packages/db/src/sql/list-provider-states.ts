import type { Statement } from "./statement.ts";

/** $1 most messages to count as due, per provider and lane. Open attempts and due rows are counted on their partial indexes. */
export const LIST_PROVIDER_STATES: Statement = {
  name: "list-provider-states",
  text: `
select p.name, p.enabled, p.paused, p.paused_reason, p.priority, p.max_in_flight, p.messages_per_second,
  p.circuit_state, p.circuit_step, p.circuit_since, p.circuit_reason, p.circuit_until,
  case when p.held_until > statement_timestamp() then p.held_until end as held_until,
  (select count(*)::int from attempts a where a.provider = p.name and a.outcome is null) as open_attempts,
  (
    select coalesce(sum(lane.due), 0)::int
    from unnest(array[0, 1, 2]::smallint[]) as number (lane)
    cross join lateral (
      select count(*) as due from (
        select 1 from messages m
        where m.status in ('queued', 'scheduled') and m.lane = number.lane and m.planned_provider = p.name
          and m.due_at <= statement_timestamp()
        limit $1::int
      ) as counted
    ) as lane
  ) as queued_due,
  array(select a.kind from provider_accounts a where a.provider = p.name order by a.kind) as accounts
from providers p
order by p.priority, p.name`,
};
