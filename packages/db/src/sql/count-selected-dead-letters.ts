import { SELECTED_DEAD_LETTERS } from "./selected-dead-letters.ts";
import type { Statement } from "./statement.ts";

/** $1 to $4: which; $5 the last position that counts. */
export const COUNT_SELECTED_DEAD_LETTERS: Statement = {
  name: "count-selected-dead-letters",
  text: `select count(*)::int as letters from dead_letters where ${SELECTED_DEAD_LETTERS} and position <= $5::bigint`,
};
