import { FREE_DEAD_LETTER, SELECTED_DEAD_LETTERS } from "./selected-dead-letters.ts";
import type { Statement } from "./statement.ts";

/** $1 to $3: which; $4 most letters. One that is being requeued stays. */
export const DISCARD_DEAD_LETTERS: Statement = {
  name: "discard-dead-letters",
  text: `
delete from dead_letters where id in (
  select id from dead_letters
  where ${SELECTED_DEAD_LETTERS} and ${FREE_DEAD_LETTER}
  order by position
  limit $4::int
  for update skip locked
)
returning id, queue, problem`,
};
