/** $1 most characters of a problem. Letters are named as `nameLetter` does, the oldest first. */
export const MOVE_DEAD_LETTERS = `
with moved as (
  delete from queue_dead_letters returning id, queue, problem, part_index, body, publish_id, buried_at
)
insert into dead_letters (id, queue, problem, part_index, body, buried_at)
select publish_id || '/' || coalesce(part_index::text, 'all'), queue, left(problem, $1::int), part_index, body, buried_at
from moved
order by moved.id
on conflict (id) do nothing`;
