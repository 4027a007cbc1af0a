import type { Statement } from "./statement.ts";

/** $1 message ids. */
export const FIND_SEEDS: Statement = {
  name: "find-seeds",
  text: "select id, seed from messages where id = any($1::uuid[])",
};
