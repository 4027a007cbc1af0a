import type { Statement } from "./statement.ts";

/**
 * $1 the day, $2 its first id and $3 the first of the next. Counts and rows as of one moment: what is counted as recorded
 * was committed before. Partitions are named by their month (ensurePartitions).
 */
export const READ_ACCOUNTING_DAY: Statement = {
  name: "read-accounting-day",
  text: `
select coalesce(d.announced, 0) as announced, coalesce(d.recorded, 0) as recorded, coalesce(d.repeated, 0) as repeated,
  coalesce(d.aliases, 0) as aliases, coalesce(d.dead, 0) as dead, coalesce(d.difference, 0) as difference,
  (select count(*) from messages where id >= $2::uuid and id < $3::uuid) as rows,
  to_regclass('messages_' || to_char($1::date, 'YYYY_MM')) is not null as has_partition
from (values ($1::date)) as asked (day)
left join accounting_days d on d.day = asked.day`,
};
