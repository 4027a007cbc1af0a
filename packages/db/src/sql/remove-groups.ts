import type { Statement } from "./statement.ts";

/** $1 queue, $2 ids. */
export const REMOVE_GROUPS: Statement = {
  name: "remove-groups",
  text: "delete from queue_groups where queue = $1 and id = any($2::bigint[])",
};
