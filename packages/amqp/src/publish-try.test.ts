import { expect, test } from "vitest";
import { foldTries, PublishTry, type TryState } from "./publish-try.ts";

const confirmed: TryState = { state: "confirmed" };
const full: TryState = { state: "refused", reason: "queue_full" };
const unreachable: TryState = { state: "refused", reason: "queue_unreachable" };
const unknown: TryState = { state: "unknown" };
const open: TryState = { state: "open" };

test("one confirm is enough, whichever try it belongs to", () => {
  for (const other of [confirmed, full, unreachable, unknown, open]) {
    expect(foldTries([confirmed, other])).toEqual({ ending: "confirmed" });
    expect(foldTries([other, confirmed])).toEqual({ ending: "confirmed" });
  }
});

test("a refusal speaks for its own try only", () => {
  for (const doubt of [unknown, open]) {
    for (const refused of [full, unreachable]) {
      expect(foldTries([doubt, refused])).toEqual({ ending: "unconfirmed" });
      expect(foldTries([refused, doubt])).toEqual({ ending: "unconfirmed" });
    }
    expect(foldTries([doubt])).toEqual({ ending: "unconfirmed" });
    expect(foldTries([doubt, doubt])).toEqual({ ending: "unconfirmed" });
  }
});

test("is not handed over when every try was refused, for the last one's reason", () => {
  expect(foldTries([full])).toEqual({ ending: "not_handed_over", reason: "queue_full" });
  expect(foldTries([full, unreachable])).toEqual({ ending: "not_handed_over", reason: "queue_unreachable" });
  expect(foldTries([])).toEqual({ ending: "not_handed_over", reason: "queue_unreachable" });
});

test("a try keeps its first outcome: the ack that follows a return changes nothing", async () => {
  const one = new PublishTry();
  one.settle({ state: "refused", reason: "queue_unreachable" });
  one.settle({ state: "confirmed" });
  await one.settled;
  expect(one.outcome).toEqual(unreachable);
});
