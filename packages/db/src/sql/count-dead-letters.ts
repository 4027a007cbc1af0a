import type { Statement } from "./statement.ts";

export const COUNT_DEAD_LETTERS: Statement = {
  name: "count-dead-letters",
  text: "select queue, count(*)::int as letters from dead_letters group by queue order by queue",
};
