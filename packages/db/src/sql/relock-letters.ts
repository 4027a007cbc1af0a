import type { Statement } from "./statement.ts";

/** $1 ids. Locks these dead letters in a new transaction; those that somebody else has got meanwhile are left out. */
export const RELOCK_LETTERS: Statement = {
  name: "relock-letters",
  text: `
select id from queue_dead_letters where id = any($1::bigint[])
order by id
for update skip locked`,
};
