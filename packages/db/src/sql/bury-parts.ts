import type { Statement } from "./statement.ts";

/** $1 queue; per part: $2 id of its group, $3 problem, $4 position in the group or null, $5 body. */
export const BURY_PARTS: Statement = {
  name: "bury-parts",
  text: `
insert into queue_dead_letters (queue, problem, part_index, body, publish_id, published_at)
select g.queue, bad.problem, bad.part_index, bad.body, g.publish_id, g.published_at
from unnest($2::bigint[], $3::text[], $4::int[], $5::bytea[]) with ordinality
  as bad (group_id, problem, part_index, body, place)
join queue_groups g on g.queue = $1 and g.id = bad.group_id
order by bad.place`,
};
