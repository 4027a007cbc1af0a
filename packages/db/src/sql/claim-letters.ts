import type { Statement } from "./statement.ts";

/**
 * $1 most letters, $2 most bytes of bodies. Locks the oldest dead letters that nobody else has locked, up to so many and so
 * large together, and at least one. How many is counted beforehand, as in CLAIM_GROUPS.
 */
export const CLAIM_LETTERS: Statement = {
  name: "claim-letters",
  text: `
with oldest as (
  select id, octet_length(body) as size from queue_dead_letters order by id limit $1::int
), sums as (
  select sum(size) over (order by id) as bytes from oldest
), claimed as materialized (
  select id, queue, problem, part_index, body, publish_id, buried_at from queue_dead_letters
  order by id
  limit (select greatest(1, count(*)) from sums where bytes <= $2::bigint)
  for update skip locked
)
select id, queue, problem, part_index, body, publish_id, buried_at from (
  select *, row_number() over (order by id) as place, sum(octet_length(body)) over (order by id) as bytes from claimed
) counted
where bytes <= $2::bigint or place = 1
order by id`,
};
