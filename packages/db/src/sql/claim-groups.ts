import type { Statement } from "./statement.ts";

/**
 * $1 queue, $2 most envelopes, $3 smallest id to look at, $4 most bytes of bodies. Locks the oldest groups that nobody else
 * has locked, up to so many envelopes and bytes together, and at least one group. Only indexed reads: the connection has
 * other scans switched off, since statistics of a table that is empty one moment and full the next are worth nothing. The
 * size of a body is known without reading it.
 *
 * How many groups to lock is counted beforehand over the oldest groups, locked or not, because a lock once taken stays to
 * the end of the transaction. Where others hold some of them the count may be off: then fewer are handed out, or some are
 * locked and left for the next claim.
 */
export const CLAIM_GROUPS: Statement = {
  name: "claim-groups",
  text: `
with oldest as (
  select id, envelopes, octet_length(body) as size from queue_groups
  where queue = $1 and id >= $3::bigint order by id limit $2::int
), sums as (
  select sum(envelopes) over (order by id) as total, sum(size) over (order by id) as bytes from oldest
), claimed as materialized (
  select id, envelopes, body, stamp from queue_groups where queue = $1 and id >= $3::bigint
  order by id
  limit (select greatest(1, count(*)) from sums where total <= $2::int and bytes <= $4::bigint)
  for update skip locked
)
select id, body, stamp from (
  select id, body, stamp, row_number() over (order by id) as place,
    sum(envelopes) over (order by id) as total, sum(octet_length(body)) over (order by id) as bytes
  from claimed
) counted
where (total <= $2::int and bytes <= $4::bigint) or place = 1
order by id`,
};
