import type { Statement } from "./statement.ts";

/**
 * $1 provider, or null for all; $2 age in milliseconds at which a worker's counts of a closed circuit are too old: it has
 * died, or has nothing to say. Counts since a circuit's last change stay true, however old.
 */
export const READ_CIRCUITS: Statement = {
  name: "read-circuits",
  text: `
select p.name, p.circuit_state, p.circuit_step, p.circuit_openings, p.circuit_epoch,
  (extract(epoch from p.circuit_until - statement_timestamp()) * 1000)::float8 as open_left_ms,
  (extract(epoch from p.held_until - statement_timestamp()) * 1000)::float8 as held_ms,
  seen.calls, seen.failures
from providers p
cross join lateral (
  select coalesce(sum(c.calls), 0)::int as calls, coalesce(sum(c.failures), 0)::int as failures
  from provider_calls c
  where c.provider = p.name and c.epoch = p.circuit_epoch and (
    p.circuit_state <> 'closed' or c.at > statement_timestamp() - $2::float8 * interval '1 millisecond'
  )
) as seen
where $1::text is null or p.name = $1
order by p.name`,
};
