import type { Statement } from "./statement.ts";

/** Due, planned for `$whom`, and somebody else may take it. */
const movable = (whom: string): string => `
    select m.id from messages m
    where m.status in ('queued', 'scheduled') and m.lane = $1::smallint and m.planned_provider ${whom}
      and m.due_at <= statement_timestamp() and coalesce(m.expire_at > statement_timestamp(), false)
      and exists (
        select 1 from providers p
        where p.enabled and not p.paused and p.circuit_state <> 'open'
          and (cardinality(m.providers) = 0 or p.name = any(m.providers))
      )`;

/**
 * $1 lane, $2 most ids, $3 id after which to go on, $4 and $5: least and longest time in milliseconds that a provider's hold
 * must have left (more comes from a clock that was set back). Left out is what nobody else may take: all providers
 * that the request named are away, or all there are. One provider at a time, which the index leads to: with nobody away it
 * reads nothing. Materialized, or the limit would tempt the planner to walk all messages in the order of their ids.
 */
export const FIND_STRANDED: Statement = {
  name: "find-stranded",
  text: `
with away as materialized (
  select name from providers
  where not enabled or paused or circuit_state = 'open' or (
    held_until > statement_timestamp() + $4::float8 * interval '1 millisecond'
    and held_until <= statement_timestamp() + $5::float8 * interval '1 millisecond'
  )
), stranded as materialized (
  select found.id
  from away cross join lateral (${movable("= away.name")}
  ) as found
  union all (${movable("is null")}
  )
)
select id from stranded where id > $3::uuid order by id limit $2::int`,
};
