import type { Statement } from "./statement.ts";

/** $1 ids or null for any, $2 queue or null for any, $3 what to do, $4 the order's id. Orders of others stay theirs. */
export const ORDER_DEAD_LETTERS: Statement = {
  name: "order-dead-letters",
  text: `
with ordered_now as (
  update dead_letters set ordered = $3, order_id = $4::uuid
  where ($1::text[] is null or id = any($1::text[])) and ($2::text is null or queue = $2) and ordered is null
  returning id
)
select count(*)::int as letters from ordered_now`,
};
