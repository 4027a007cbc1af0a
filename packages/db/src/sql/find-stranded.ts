import type { Statement } from "./statement.ts";

/** Due, planned for `$whom`, and somebody else who has an account of its kind may take it. */
const movable = (whom: string): string => `
    select m.id from messages m
    where (select count(*) from able) > 0
      and m.status in ('queued', 'scheduled') and m.lane = $1::smallint and m.planned_provider ${whom}
      and m.due_at <= statement_timestamp() and coalesce(m.expire_at > statement_timestamp(), false)
      and exists (
        select 1 from able
        where able.simulated = m.simulated and (cardinality(m.providers) = 0 or able.name = any(m.providers))
      )`;

/**
 * $1 lane, $2 most messages, $3 id after which to go on, $4 and $5: least and longest time in milliseconds that a provider's
 * hold must have left (more comes from a clock that was set back). Left out is what nobody else may take: all providers
 * that the request named are away or have no account for it, or all there are. One provider at a time, which the index leads
 * to: with nobody away it reads nothing. Materialized, or the limit would tempt the planner to walk all messages in the order
 * of their ids. The rows of the page come by their key, each with who has refused it for good and who may have it; nothing is locked.
 */
export const FIND_STRANDED: Statement = {
  name: "find-stranded",
  text: `
with judged as materialized (
  select name, not enabled or paused or circuit_state = 'open' or coalesce(
    held_until > statement_timestamp() + $4::float8 * interval '1 millisecond'
    and held_until <= statement_timestamp() + $5::float8 * interval '1 millisecond',
    false
  ) as is_away
  from providers
), able as materialized (
  select j.name, a.kind = 'lab' as simulated
  from judged j join provider_accounts a on a.provider = j.name
  where not j.is_away
), stranded as materialized (
  select found.id
  from judged j cross join lateral (${movable("= j.name")}
  ) as found
  where j.is_away
  union all (${movable("is null")}
  )
), page as materialized (
  select id from stranded where id > $3::uuid order by id limit $2::int
)
select m.id, m.planned_provider, m.providers, m.message_type, m.from_number, m.simulated, m.tried, m.round, m.event_count,
  array(select a.provider from attempts a where a.message_id = page.id and a.outcome = 'rejected') as refused_by,
  array(
    select a.provider from attempts a
    where a.message_id = page.id and a.outcome = 'unknown' and coalesce(a.report_status, 'unknown') = 'unknown'
  ) as in_doubt_at
from page cross join lateral (select * from messages m where m.id = page.id limit 1) as m
order by m.id`,
};
