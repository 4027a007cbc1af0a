import type { Statement } from "./statement.ts";

/**
 * $1 most ids, $2 id after which to go on. Left out is what nobody else may take: all providers that the request named
 * are away, or all there are. Materialized, or the limit would tempt the planner to walk all messages in the
 * order of their ids.
 */
export const FIND_STRANDED: Statement = {
  name: "find-stranded",
  text: `
with stranded as materialized (
  select m.id from messages m
  where m.status in ('queued', 'scheduled')
    and m.due_at <= statement_timestamp() and m.expire_at > statement_timestamp()
    and (m.planned_provider is null or m.planned_provider in (select name from providers where not enabled or paused))
    and exists (
      select 1 from providers p
      where p.enabled and not p.paused and (cardinality(m.providers) = 0 or p.name = any(m.providers))
    )
)
select id from stranded where id > $2::uuid order by id limit $1::int`,
};
