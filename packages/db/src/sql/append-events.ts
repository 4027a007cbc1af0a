import type { Statement } from "./statement.ts";

/**
 * $1 events as JSON, in their order; $2 key of the advisory lock. The last statement of a transaction: the lock is taken
 * before the first position is drawn and held to the commit, so that positions are in the order of commits. The join
 * makes every row wait for the lock; the default of \`position\` is drawn above the join.
 */
export const APPEND_EVENTS: Statement = {
  name: "append-events",
  text: `
with locked as materialized (select pg_advisory_xact_lock($2::bigint))
insert into events (message_id, sequence, client_id, type, at, detail)
select e.message_id, e.sequence, e.client_id, e.type, e.at, e.detail
from locked cross join json_to_recordset($1::json) as e (
  message_id uuid, sequence integer, client_id uuid, type text, at timestamptz, detail jsonb
)`,
};
