import type { Statement } from "./statement.ts";

/** $1 queue, $2 ids. Locks these groups in a new transaction; those that somebody else has got meanwhile are left out. */
export const RELOCK_GROUPS: Statement = {
  name: "relock-groups",
  text: `
select id from queue_groups where queue = $1 and id = any($2::bigint[])
order by id
for update skip locked`,
};
