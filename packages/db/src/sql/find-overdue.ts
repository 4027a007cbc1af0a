import type { Statement } from "./statement.ts";

/** $1 most ids. Messages past their deadline that may end now; a hint, decided again under lock. An open lease is waited for. */
export const FIND_OVERDUE: Statement = {
  name: "find-overdue",
  text: `
select m.id from messages m
where m.status in ('queued', 'scheduled', 'sending') and m.expire_at <= statement_timestamp()
  and not exists (
    select 1 from attempts a
    where a.message_id = m.id and a.outcome is null and a.lease_until > statement_timestamp()
  )
order by m.expire_at
limit $1::int`,
};
