import { expect, test } from "vitest";
import { foldTries, type TryOutcome } from "./publish-try.ts";

const confirmed: TryOutcome = { state: "confirmed" };
const full: TryOutcome = { state: "refused", reason: "queue_full", why: "no space", isPoolIll: false };
const unreachable: TryOutcome = { state: "refused", reason: "queue_unreachable", why: "refused", isPoolIll: true };
const unknown: TryOutcome = { state: "unknown", why: "lost" };

test.each<[string, TryOutcome[], ReturnType<typeof foldTries>]>([
  ["one commit", [confirmed], { ending: "confirmed" }],
  ["a commit after a doubt", [unknown, confirmed], { ending: "confirmed" }],
  ["a doubt", [unknown], { ending: "unconfirmed" }],
  ["two doubts", [unknown, unknown], { ending: "unconfirmed" }],
  ["a refusal", [full], { ending: "not_handed_over", reason: "queue_full" }],
  ["no try at all", [], { ending: "not_handed_over", reason: "queue_unreachable" }],
  ["a refusal after a doubt, which says nothing of the first", [unknown, unreachable], { ending: "unconfirmed" }],
])("a publish with %s has its ending", (_, tries, ending) => {
  expect(foldTries(tries)).toEqual(ending);
});
