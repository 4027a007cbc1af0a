import type { Statement } from "./statement.ts";

/** $1 ids. What was ordered is over: it could not be done. */
export const FREE_DEAD_LETTERS: Statement = {
  name: "free-dead-letters",
  text: "update dead_letters set taken_until = null, ordered = null where id = any($1::text[])",
};
