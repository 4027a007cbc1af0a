import type { Statement } from "./statement.ts";

/** $1 requests as JSON, each with the range that the ids of its seed's millisecond lie in. The ids of their messages. */
export const FIND_MESSAGES_OF_SEEDS: Statement = {
  name: "find-messages-of-seeds",
  text: `
select m.id, r.client_id, r.seed
from json_to_recordset($1::json) as r (client_id uuid, seed text, first_id uuid, end_id uuid)
cross join lateral (
  select id from messages
  where id >= r.first_id and id < r.end_id and client_id = r.client_id and seed = r.seed
) as m`,
};
