import type { Statement } from "./statement.ts";

/** $1 queue, $2 most groups to look at, or null. The size of a body is known without reading the body. */
export const MEASURE_QUEUE: Statement = {
  name: "measure-queue",
  text: `
select count(*)::int as groups, coalesce(sum(octet_length(body)), 0)::float8 as bytes
from (select body from queue_groups where queue = $1 limit $2::int) counted`,
};
