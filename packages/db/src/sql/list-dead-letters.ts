import type { Statement } from "./statement.ts";

/** $1 queue or null for any, $2 id or null for any, $3 position that all come before or null, $4 most, $5 most bytes of a body. */
export const LIST_DEAD_LETTERS: Statement = {
  name: "list-dead-letters",
  text: `
select id, position::text, queue, problem, part_index, substring(body for $5::int) as body,
  octet_length(body) as bytes, buried_at, kept_at
from dead_letters
where ($1::text is null or queue = $1) and ($2::text is null or id = $2) and ($3::bigint is null or position < $3)
order by dead_letters.position desc
limit $4::int`,
};
