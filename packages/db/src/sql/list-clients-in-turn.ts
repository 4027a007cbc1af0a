import type { Statement } from "./statement.ts";

/**
 * $1 lane, $2 provider, $3 client after which the turn goes on, $4 most clients per lap. Loose index scan: each step
 * jumps to the next client in the index, over all that the client has queued. Lap 0 goes from $3 to the end, lap 1 from
 * the beginning to $3. The step brings the client's earliest time along, so a client with nothing due yet costs one step.
 * `due` tells whether the client has anything due now (the earliest may have outlived its deadline); not by `exists`, which the
 * planner would answer for all clients at once, reading everything that is due. In order, though any would do: else a planner
 * with statistics reads a bitmap of all that the client has ever sent (280 ms instead of 1 ms with 40 clients of 10 000).
 */
export const LIST_CLIENTS_IN_TURN: Statement = {
  name: "list-clients-in-turn",
  text: `
with recursive turn (lap, place, client_id, until, first_due_at) as (
  select start.lap, 0, start.client_id, start.until, null::timestamptz
  from (values
    (0, $3::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid),
    (1, '00000000-0000-0000-0000-000000000000'::uuid, $3::uuid)
  ) as start (lap, client_id, until)
  union all
  select turn.lap, turn.place + 1, next.client_id, turn.until, next.due_at
  from turn cross join lateral (
    select m.client_id, m.due_at from messages m
    where m.status in ('queued', 'scheduled') and m.lane = $1::smallint and m.planned_provider = $2
      and m.client_id > turn.client_id and m.client_id <= turn.until
    order by m.client_id, m.due_at
    limit 1
  ) as next
  where turn.place < $4::int
)
select turn.lap, turn.client_id, case when turn.first_due_at > statement_timestamp() then false else coalesce((
  select true from messages m
  where m.status in ('queued', 'scheduled') and m.lane = $1::smallint and m.planned_provider = $2
    and m.client_id = turn.client_id and m.due_at <= statement_timestamp()
    and coalesce(m.expire_at > statement_timestamp(), false)
  order by m.due_at
  limit 1
), false) end as due
from turn
where turn.place > 0
order by turn.lap, turn.place`,
};
