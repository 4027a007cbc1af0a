import type { Statement } from "./statement.ts";

/** Per letter: $1 id, $2 queue, $3 problem, $4 position in its group or null, $5 body, $6 time of burial. */
export const KEEP_DEAD_LETTERS: Statement = {
  name: "keep-dead-letters",
  text: `
insert into dead_letters (id, queue, problem, part_index, body, buried_at)
select letter.id, letter.queue, letter.problem, letter.part_index, letter.body, letter.buried_at
from unnest($1::text[], $2::text[], $3::text[], $4::int[], $5::bytea[], $6::timestamptz[]) with ordinality
  as letter (id, queue, problem, part_index, body, buried_at, place)
order by letter.place
on conflict (id) do nothing
returning queue`,
};
