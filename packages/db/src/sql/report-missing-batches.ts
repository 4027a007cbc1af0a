import type { Statement } from "./statement.ts";

/**
 * $1 milliseconds that a group must be missing, $2 most marks. Notes gaps as reported; answers each mark with its gaps as
 * they were before, and up to when they are reported. A gap without a time is not missed. Marks that somebody else has locked come with the next run.
 */
export const REPORT_MISSING_BATCHES: Statement = {
  name: "report-missing-batches",
  text: `
with found as (
  select boot_id, lane, gaps, statement_timestamp() - $1::float8 * interval '1 millisecond' as until
  from accepted_marks m
  where m.gaps <> '[]' and exists (
    select from jsonb_to_recordset(m.gaps) as g (since timestamptz, reported boolean)
    where not g.reported and g.since <= statement_timestamp() - $1::float8 * interval '1 millisecond'
  )
  order by boot_id, lane
  limit $2::int
  for update skip locked
)
update accepted_marks m
set gaps = (
  select jsonb_agg(
    case when (g.gap ->> 'since')::timestamptz <= found.until then g.gap || '{"reported": true}' else g.gap end
    order by g.place
  )
  from jsonb_array_elements(found.gaps) with ordinality as g (gap, place)
)
from found
where m.boot_id = found.boot_id and m.lane = found.lane
returning m.boot_id, m.lane, found.gaps, found.until`,
};
