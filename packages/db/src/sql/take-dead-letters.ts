import { FREE_DEAD_LETTER, SELECTED_DEAD_LETTERS } from "./selected-dead-letters.ts";
import type { Statement } from "./statement.ts";

/**
 * $1 to $4: which; $5 position that all come after and $6 the last one, $7 most letters, $8 how long they are the caller's,
 * in milliseconds.
 */
export const TAKE_DEAD_LETTERS: Statement = {
  name: "take-dead-letters",
  text: `
with chosen as materialized (
  select id from dead_letters
  where ${SELECTED_DEAD_LETTERS} and ${FREE_DEAD_LETTER} and position > $5::bigint and position <= $6::bigint
  order by position
  limit $7::int
  for update skip locked
)
update dead_letters d
set taken_until = statement_timestamp() + $8::int * interval '1 millisecond'
from chosen
where d.id = chosen.id
returning d.id, d.position::text, d.queue, d.problem, d.body`,
};
