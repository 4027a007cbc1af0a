import type { Statement } from "./statement.ts";

/**
 * $1 provider, $2 longest time in milliseconds that a hold can have left. No row when it may not be claimed for; else claims for it are one at a time
 * until the commit. `held_ms`: how long it still wants us to wait; more comes from a clock that was set back.
 */
export const LOCK_PROVIDER: Statement = {
  name: "lock-provider",
  text: `
select case
  when held_until > statement_timestamp() and held_until <= statement_timestamp() + $2::float8 * interval '1 millisecond'
  then (extract(epoch from held_until - statement_timestamp()) * 1000)::float8
  else 0
end as held_ms
from providers
where name = $1 and enabled and not paused and circuit_state <> 'open'
for no key update`,
};
