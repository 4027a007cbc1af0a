import type { Statement } from "./statement.ts";

/** $1 queues, $2 most to count in each. The last row, without a queue, counts the dead letters. */
export const COUNT_GROUPS: Statement = {
  name: "count-groups",
  text: `
select asked.queue, (
  select count(*)::int from (select 1 from queue_groups g where g.queue = asked.queue limit $2::int) counted
) as depth
from unnest($1::text[]) as asked (queue)
union all
select null, (select count(*)::int from (select 1 from queue_dead_letters limit $2::int) counted)`,
};
