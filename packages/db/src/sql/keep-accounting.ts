import type { Statement } from "./statement.ts";

/** $1 marks as JSON, locked by this transaction; $2 the lane; $3 days as JSON, whose counts are added. Days in sorted order. */
export const KEEP_ACCOUNTING: Statement = {
  name: "keep-accounting",
  text: `
with kept as (
  update accepted_marks m set highest = r.highest, gaps = r.gaps
  from json_to_recordset($1::json) as r (boot_id text, highest bigint, gaps jsonb)
  where m.boot_id = r.boot_id and m.lane = $2::smallint
)
insert into accounting_days as known (day, announced, recorded, repeated, aliases, dead)
select r.day, r.announced, r.recorded, r.repeated, r.aliases, r.dead
from json_to_recordset($3::json) as r (
  day date, announced bigint, recorded bigint, repeated bigint, aliases bigint, dead bigint
)
order by r.day
on conflict (day) do update
  set announced = known.announced + excluded.announced, recorded = known.recorded + excluded.recorded,
    repeated = known.repeated + excluded.repeated, aliases = known.aliases + excluded.aliases,
    dead = known.dead + excluded.dead`,
};
