import { CIRCUIT_SHARES } from "../circuit/decide-circuit.ts";
import type { Statement } from "./statement.ts";

/**
 * $1 lane, $2 provider, $3 free slots, $4 clients in turn, $5 lease in milliseconds, $6 most per client, $7 id of the claim. Takes the
 * longest due message of each client in turn, then the second of each, and so on, while there is room; opens their
 * attempts and pays for their segments. Needs the lock on the provider's row, taken by an earlier statement: else this one
 * would not see what the last claim has opened and paid.
 *
 * gate:   what the provider takes now. `slots` of its `max_in_flight` (its circuit's share of that) that are free, over all
 *         workers; `tokens` of its bucket, which fills by `messages_per_second` up to one second's worth. Of both a fifth is
 *         kept for the high lane (0): the others see that much less. Rounded up, but one is always left to everybody.
 * priced: what the bucket must hold for each candidate, those before it included. In order: a short message never
 *         overtakes a long one, or that would wait for ever. One with more segments than the lane's share of the bucket
 *         needs a full one and leaves it in debt.
 *
 * At least one row while the provider takes anything, with null for the message when none was claimed: `wait_ms` tells when
 * the tokens for the next one are there, null when they are not what is missing.
 *
 * The conditions inside `coalesce` are for rows that are found already. Bare, they let a planner without statistics walk
 * the whole index of what is due once per row, instead of the primary key: seconds with 100 000 rows due.
 */
export const CLAIM_DUE: Statement = {
  name: "claim-due",
  text: `
with gate as materialized (
  select
    greatest(0, least($3::int, flight.most - flight.kept - (
      select count(*) from attempts a where a.provider = $2 and a.outcome is null
    )))::int as slots,
    p.messages_per_second as rate,
    bucket.tokens,
    bucket.tokens - bucket.kept as budget,
    bucket.capacity - bucket.kept as lane_capacity,
    p.circuit_epoch
  from providers p
  cross join lateral (
    select case when p.circuit_state = 'closed' then p.max_in_flight else least(p.max_in_flight, greatest(1,
      floor(p.max_in_flight * (array[${CIRCUIT_SHARES.join(", ")}]::float8[])[p.circuit_step + 1]))) end::int as most
  ) as circuit
  cross join lateral (
    select circuit.most,
      case when $1::smallint = 0 then 0 else greatest(0, least(circuit.most - 1, ceil(circuit.most / 5.0))) end as kept
  ) as flight
  cross join lateral (
    select coalesce(p.messages_per_second::float8, 'infinity') as capacity
  ) as size
  cross join lateral (
    select size.capacity,
      -- Paid later than now: the clock was set back.
      case when p.messages_per_second is null or p.tokens is null or p.tokens_at > statement_timestamp() then size.capacity
        else least(size.capacity, p.tokens
          + p.messages_per_second * extract(epoch from statement_timestamp() - p.tokens_at)::float8)
      end as tokens,
      case when $1::smallint = 0 or p.messages_per_second is null then 0
        else least(size.capacity - 1, ceil(size.capacity / 5))
      end as kept
  ) as bucket
  where p.name = $2 and p.enabled and not p.paused and p.circuit_state <> 'open'
), candidates as materialized (
  select due.id, due.segments, due.rank, turn.place
  from unnest($4::uuid[]) with ordinality as turn (client_id, place)
  cross join lateral (
    select m.id, m.segments, row_number() over (order by m.due_at) as rank
    from messages m
    where m.status in ('queued', 'scheduled') and m.lane = $1::smallint and m.planned_provider = $2
      and m.client_id = turn.client_id and m.due_at <= statement_timestamp()
      and coalesce(m.expire_at > statement_timestamp(), false)
    order by m.due_at
    limit coalesce((select least(slots, $6::int) from gate), 0)
  ) as due
  order by due.rank, turn.place
  limit coalesce((select slots from gate), 0)
), priced as materialized (
  select c.id, c.rank, c.place,
    sum(c.segments) over (order by c.rank, c.place rows unbounded preceding) - c.segments
      + least(c.segments, (select lane_capacity from gate)) as needed
  from candidates c
), locked as materialized (
  select m.id, c.rank, c.place
  from priced c join messages m on m.id = c.id
  -- Tokens are fractions: what has come in by now may be short of a whole one by a rounding.
  where c.needed <= (select budget + 1e-6 from gate) and coalesce(
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
), paid as (
  update providers p set tokens = gate.tokens - spent.segments, tokens_at = statement_timestamp()
  from gate, (select sum(segments) as segments from claimed) as spent
  where p.name = $2 and gate.rate is not null and spent.segments > 0
)
select gate.circuit_epoch, gate.slots as free_slots, (select count(*) from candidates)::int as candidates,
  ((select min(needed) from priced where needed > gate.budget + 1e-6) - gate.budget) * 1000 / gate.rate as wait_ms,
  c.id, c.client_id, c.key_id, c.batch_id, c.to_number, c.from_number, c.text, c.message_type, c.udh, c.sms_type,
  c.encoding, c.segments, c.priority, c.providers, c.tried, c.round, c.attempt_count, c.expire_at, c.custom_id, c.request,
  c.simulated, c.accepted_at, c.due_at, c.updated_at, c.event_count,
  (extract(epoch from c.expire_at - statement_timestamp()) * 1000)::float8 as life_left_ms
from gate left join claimed c on true
order by c.rank, c.place`,
};
