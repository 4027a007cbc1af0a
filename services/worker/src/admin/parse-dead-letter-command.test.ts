import { expect, test } from "vitest";
import { UsageError } from "./parse-admin-command.ts";
import { parseDeadLetterCommand } from "./parse-dead-letter-command.ts";

test.each<[string, unknown]>([
  ["", { name: "list", queue: null, limit: 50 }],
  ["list --queue sms.reports --limit 500", { name: "list", queue: "sms.reports", limit: 500 }],
  ["show a:1", { name: "show", id: "a:1" }],
  ["requeue a b a", { name: "requeue", which: { ids: ["a", "b"] } }],
  ["requeue all", { name: "requeue", which: { all: true } }],
  ["discard all --queue q", { name: "discard", which: { all: true, queue: "q" } }],
])("%j is understood", (line, command) => {
  expect(parseDeadLetterCommand(line.split(" ").filter(Boolean))).toEqual(command);
});

test.each<[string, string]>([
  ["explode", 'There is no command "explode".'],
  ["list all", 'list: "all" is too much.'],
  ["list --limit 0", "--limit must be a whole number from 1 to 500."],
  ["show", "show: give one id; the list shows them."],
  ["show a --queue q", "show has no option --queue."],
  ["requeue", "requeue: give ids, or all."],
  ["discard all b", "discard: give either ids or all."],
  ["discard a --queue q", "--queue goes only with all."],
  ["requeue all --limit 5", "requeue has no option --limit."],
])("%j is refused", (line, message) => {
  expect(() => parseDeadLetterCommand(line.split(" "))).toThrow(new UsageError(message));
});
