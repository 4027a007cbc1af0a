import type { Statement } from "./statement.ts";

/** $1 provider, $2 milliseconds, $3 longest time that a hold can have left: more comes from a clock that was set back. Only ever extends. */
export const HOLD_PROVIDER: Statement = {
  name: "hold-provider",
  text: `
update providers set held_until = statement_timestamp() + $2::float8 * interval '1 millisecond'
where name = $1 and (
  held_until is null
  or held_until < statement_timestamp() + $2::float8 * interval '1 millisecond'
  or held_until > statement_timestamp() + $3::float8 * interval '1 millisecond'
)
returning held_until`,
};
