import type { Statement } from "./statement.ts";

/** $1 ids. */
export const REMOVE_LETTERS: Statement = {
  name: "remove-letters",
  text: "delete from queue_dead_letters where id = any($1::bigint[])",
};
