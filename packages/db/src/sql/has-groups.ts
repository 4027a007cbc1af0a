import type { Statement } from "./statement.ts";

/** $1 queue, $2 smallest id to look at. Whether any group is there, locked or not: what an idle consumer asks often. */
export const HAS_GROUPS: Statement = {
  name: "has-groups",
  text: "select exists (select 1 from queue_groups where queue = $1 and id >= $2::bigint) as found",
};
