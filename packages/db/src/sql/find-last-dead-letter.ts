import { SELECTED_DEAD_LETTERS } from "./selected-dead-letters.ts";
import type { Statement } from "./statement.ts";

/** $1 to $4: which. The position of the one that was kept last. */
export const FIND_LAST_DEAD_LETTER: Statement = {
  name: "find-last-dead-letter",
  text: `select position::text from dead_letters where ${SELECTED_DEAD_LETTERS} order by dead_letters.position desc limit 1`,
};
