import type { Statement } from "./statement.ts";

/**
 * $1 ids or null for any, $2 queue or null for any, $3 what to do, $4 the order's id, $5 position that all come after and $6
 * the last one, $7 most letters. Orders of others stay theirs. Answers how many were ordered, and the position of the last
 * one that was looked at, null when there was none.
 */
export const ORDER_DEAD_LETTERS: Statement = {
  name: "order-dead-letters",
  text: `
with page as materialized (
  select id, position from dead_letters
  where ($1::text[] is null or id = any($1::text[])) and ($2::text is null or queue = $2) and ordered is null
    and position > $5::bigint and position <= $6::bigint
  order by position
  limit $7::int
), ordered_now as (
  update dead_letters d set ordered = $3, order_id = $4::uuid
  from page
  where d.id = page.id and d.ordered is null
  returning d.id
)
select (select count(*)::int from ordered_now) as letters, (select max(position)::text from page) as last`,
};
