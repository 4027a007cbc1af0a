import type { Statement } from "./statement.ts";

/** $1 milliseconds that a group must be missing, $2 the end of the last day that is asked for (null: now), $3 most rows. */
export const LIST_MISSING_BATCHES: Statement = {
  name: "list-missing-batches",
  text: `
select m.boot_id, m.lane, g.first, g.last, g.since
from accepted_marks m
cross join lateral jsonb_to_recordset(m.gaps) as g (
  first bigint, last bigint, since timestamptz, written_off_at timestamptz
)
where m.gaps <> '[]' and g.written_off_at is null
  and g.since <= statement_timestamp() - $1::float8 * interval '1 millisecond'
  and ($2::timestamptz is null or g.since < $2::timestamptz)
order by g.since, m.boot_id, m.lane, g.first
limit $3::int`,
};
