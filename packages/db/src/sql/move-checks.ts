import type { Statement } from "./statement.ts";

/** $1 attempts as JSON. Only those that are still the caller's: what somebody has settled meanwhile has a time of its own. */
export const MOVE_CHECKS: Statement = {
  name: "move-checks",
  text: `
update attempts a set check_at = statement_timestamp() + c.check_in_ms * interval '1 millisecond'
from json_to_recordset($1::json) as c (message_id uuid, number smallint, taken_until timestamptz, check_in_ms float8)
where a.message_id = c.message_id and a.number = c.number and a.check_at = c.taken_until`,
};
