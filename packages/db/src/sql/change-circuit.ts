import type { Statement } from "./statement.ts";

/**
 * $1 provider, $2 state, $3 step, $4 openings, $5 reason, $6 milliseconds that it stays open or null, $7 detail. Needs the lock
 * on the provider's row, taken by an earlier statement, under which the change was decided. Answers the new epoch.
 */
export const CHANGE_CIRCUIT: Statement = {
  name: "change-circuit",
  text: `
with present as materialized (
  select name, circuit_state from providers where name = $1
), recorded as (
  insert into provider_changes (provider, at, from_state, to_state, reason, detail)
  select name, statement_timestamp(), circuit_state, $2, $5, $7::jsonb from present
)
update providers set
  circuit_state = $2,
  circuit_step = $3::smallint,
  circuit_openings = $4::int,
  circuit_epoch = circuit_epoch + 1,
  circuit_since = statement_timestamp(),
  circuit_reason = $5,
  circuit_until = statement_timestamp() + $6::float8 * interval '1 millisecond'
where name = $1
returning circuit_epoch`,
};
