import type { Statement } from "./statement.ts";

/** $1 and $2 bound the time since when groups were missing. How many of these were written off. */
export const COUNT_WRITTEN_OFF: Statement = {
  name: "count-written-off",
  text: `
select coalesce(sum(g.last - g.first + 1), 0) as groups
from accepted_marks m
cross join lateral jsonb_to_recordset(m.gaps) as g (
  first bigint, last bigint, since timestamptz, written_off_at timestamptz
)
where m.gaps <> '[]' and g.written_off_at is not null and g.since >= $1::timestamptz and g.since < $2::timestamptz`,
};
