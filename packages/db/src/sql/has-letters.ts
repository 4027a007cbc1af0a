import type { Statement } from "./statement.ts";

/** Whether any dead letter is there, locked or not: what an idle consumer asks often. */
export const HAS_LETTERS: Statement = {
  name: "has-letters",
  text: "select exists (select 1 from queue_dead_letters) as found",
};
