import type { Statement } from "./statement.ts";

/**
 * $1 most ids, $2 id after which to go on. Materialized, or the limit would tempt the planner to walk all messages in the
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
)
select id from stranded where id > $2::uuid order by id limit $1::int`,
};
