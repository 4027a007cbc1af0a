import type { Statement } from "./statement.ts";

/** $1 rows as JSON. Answers the ids that were not there yet. Sorted, so that overlapping batches do not deadlock. */
export const RECORD_ALIASES: Statement = {
  name: "record-aliases",
  text: `
insert into message_aliases (id, message_id, client_id, seed, recorded_at)
select r.id, r.message_id, r.client_id, r.seed, statement_timestamp()
from json_to_recordset($1::json) as r (id uuid, message_id uuid, client_id uuid, seed text)
order by r.id
on conflict (id) do nothing
returning id`,
};
