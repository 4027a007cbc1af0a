import type { Statement } from "./statement.ts";

/**
 * $1 lane, $2 provider, $3 free slots, $4 clients in turn, $5 lease in milliseconds, $6 most per client, $7 id of the claim. Takes the
 * longest due message of each client in turn, then the second of each, and so on, while there is room; opens their
 * attempts. Needs the lock on the provider's row, taken by an earlier statement: else this one would not see what the
 * last claim has opened.
 *
 * The conditions inside `coalesce` are for rows that are found already. Bare, they let a planner without statistics walk
 * the whole index of what is due once per row, instead of the primary key: seconds with 100 000 rows due.
 */
export const CLAIM_DUE: Statement = {
  name: "claim-due",
  text: `
with room as materialized (
  select greatest(0, least($3::int, p.max_in_flight - (
    select count(*) from attempts a where a.provider = $2 and a.outcome is null
  )))::int as slots
  from providers p
  where p.name = $2 and p.enabled and not p.paused
), candidates as materialized (
  select due.id, due.rank, turn.place
  from unnest($4::uuid[]) with ordinality as turn (client_id, place)
  cross join lateral (
    select m.id, row_number() over (order by m.due_at) as rank
    from messages m
    where m.status in ('queued', 'scheduled') and m.lane = $1::smallint and m.planned_provider = $2
      and m.client_id = turn.client_id and m.due_at <= statement_timestamp()
      and coalesce(m.expire_at > statement_timestamp(), false)
    order by m.due_at
    limit coalesce((select least(slots, $6::int) from room), 0)
  ) as due
  order by due.rank, turn.place
  limit coalesce((select slots from room), 0)
), locked as materialized (
  select m.id, c.rank, c.place
  from candidates c join messages m on m.id = c.id
  where coalesce(
    m.status in ('queued', 'scheduled') and m.lane = $1::smallint and m.planned_provider = $2
      and m.due_at <= statement_timestamp() and m.expire_at > statement_timestamp(),
    false
  )
  for update of m skip locked
), claimed as (
  update messages m set
    status = 'sending',
    provider = $2,
    attempt_count = m.attempt_count + 1,
    event_count = m.event_count + 1,
    queued_at = coalesce(m.queued_at, statement_timestamp()),
    updated_at = statement_timestamp()
  from locked
  where m.id = locked.id
  returning m.*, locked.rank, locked.place
), opened as (
  insert into attempts (message_id, number, provider, account, lease_until, claim_id, started_at)
  select id, attempt_count, $2, case when simulated then 'lab' else 'live' end,
    statement_timestamp() + $5::int * interval '1 millisecond', $7::uuid, statement_timestamp()
  from claimed
)
select id, client_id, key_id, batch_id, to_number, from_number, text, message_type, udh, sms_type, encoding, segments,
  priority, providers, tried, round, attempt_count, expire_at, custom_id, request, simulated, accepted_at, due_at,
  updated_at, event_count,
  (extract(epoch from expire_at - statement_timestamp()) * 1000)::float8 as life_left_ms
from claimed
order by rank, place`,
};
