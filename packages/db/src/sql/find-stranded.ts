import type { Statement } from "./statement.ts";

/** $1 most ids, $2 id after which to go on. */
export const FIND_STRANDED: Statement = {
  name: "find-stranded",
  text: `
select m.id from messages m
where m.status in ('queued', 'scheduled') and m.id > $2::uuid
  and m.due_at <= statement_timestamp() and m.expire_at > statement_timestamp()
  and (m.planned_provider is null or m.planned_provider in (select p.name from providers p where not p.enabled or p.paused))
order by m.id
limit $1::int`,
};
