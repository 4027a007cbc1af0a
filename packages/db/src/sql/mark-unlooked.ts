import type { Statement } from "./statement.ts";

/**
 * $1 most attempts. Of the last hour, by an index that holds nothing else, and with a minute's grace: a present worker
 * names the time of the first look with the outcome.
 */
export const MARK_UNLOOKED: Statement = {
  name: "mark-unlooked",
  text: `
with unlooked as materialized (
  select a.message_id, a.number
  from attempts a join messages m on m.id = a.message_id
  where a.check_at is null and a.outcome = 'unknown'
    and a.finished_at > statement_timestamp() - interval '1 hour'
    and a.finished_at <= statement_timestamp() - interval '1 minute'
    and m.status in ('queued', 'sending') and m.expire_at > statement_timestamp()
  order by a.finished_at
  limit $1::int
  for update of a skip locked
)
update attempts a set check_at = statement_timestamp()
from unlooked u
where a.message_id = u.message_id and a.number = u.number
returning a.message_id`,
};
