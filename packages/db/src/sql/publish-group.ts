import type { Statement } from "./statement.ts";

/**
 * $1 queue, $2 id of the publish, $3 number of envelopes, $4 body, $5 stamp or null. Twice with the same id stores one row.
 * While the first is still under way, the second waits for its end.
 */
export const PUBLISH_GROUP: Statement = {
  name: "publish-group",
  text: `
insert into queue_groups (queue, publish_id, envelopes, body, stamp)
values ($1, $2::uuid, $3::int, $4::bytea, $5::jsonb)
on conflict (publish_id) do nothing`,
};
