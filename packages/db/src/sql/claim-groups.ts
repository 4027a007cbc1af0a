import type { Statement } from "./statement.ts";

/**
 * $1 queue, $2 most envelopes, $3 smallest id to look at. Locks the oldest groups that nobody else has locked, up to so many envelopes together, and
 * at least one group. Only indexed reads: the connection has other scans switched off, since statistics of a table that
 * is empty one moment and full the next are worth nothing.
 *
 * How many groups to lock is counted beforehand over the oldest groups, locked or not, because a lock once taken stays to
 * the end of the transaction. Where others hold some of them the count may be off: then fewer are handed out, or some are
 * locked and left for the next claim.
 */
export const CLAIM_GROUPS: Statement = {
  name: "claim-groups",
  text: `
with oldest as (
  select id, envelopes from queue_groups where queue = $1 and id >= $3::bigint order by id limit $2::int
), sums as (
  select sum(envelopes) over (order by id) as total from oldest
), claimed as materialized (
  select id, envelopes, body from queue_groups where queue = $1 and id >= $3::bigint
  order by id
  limit (select greatest(1, count(*)) from sums where total <= $2::int)
  for update skip locked
)
select id, body from (
  select id, body, sum(envelopes) over (order by id) as total, row_number() over (order by id) as place from claimed
) counted
where total <= $2::int or place = 1
order by id`,
};
