import type { Statement } from "./statement.ts";

/**
 * $1 milliseconds, $2 most ids. Messages that are still worked on so long past their deadline, and those with an attempt
 * that nobody has looked at for so long after it was due: unknown outcomes and missing reports end by being looked at.
 */
export const FIND_FORGOTTEN: Statement = {
  name: "find-forgotten",
  text: `
with bound as materialized (select statement_timestamp() - $1::float8 * interval '1 millisecond' as at),
overdue as materialized (
  (
    select m.id, m.expire_at as since from messages m
    where m.status in ('queued', 'scheduled', 'sending') and m.expire_at <= (select at from bound)
    order by m.expire_at
    limit $2::int
  )
  union all
  select unlooked.message_id, unlooked.check_at
  from providers p cross join lateral (
    (
      select a.message_id, a.check_at from attempts a
      where a.provider = p.name and a.check_at is not null and a.outcome = 'unknown'
        and a.check_at <= (select at from bound)
      order by a.check_at
      limit $2::int
    )
    union all
    (
      select a.message_id, a.check_at from attempts a
      where a.provider = p.name and a.check_at is not null and a.outcome <> 'unknown'
        and a.check_at <= (select at from bound)
      order by a.check_at
      limit $2::int
    )
  ) as unlooked
)
select id from overdue group by id order by min(since) limit $2::int`,
};
