import type { Statement } from "./statement.ts";

/** $1 ids. */
export const REMOVE_DEAD_LETTERS: Statement = {
  name: "remove-dead-letters",
  text: "delete from dead_letters where id = any($1::text[])",
};
