import { describe, expect, test } from "vitest";
import type { DeliveryPlan } from "./delivery-plan.ts";
import { ANY_OTHER_NUMBER, SCRIPTS } from "./scripts.ts";

const FIRST_TIME = { timesAsked: 1, isFirstAccount: true };

function decide(number: string) {
  return (SCRIPTS.get(number) ?? ANY_OTHER_NUMBER).decide(FIRST_TIME);
}

function readPlan(number: string): DeliveryPlan {
  const decision = decide(number);
  if (!("plan" in decision) || decision.plan === null) throw new Error(`${number} is not sent`);
  return decision.plan;
}

/** When each report leaves, in delays. */
function listReports({ steps }: DeliveryPlan) {
  return steps.flatMap(({ state, reports, afterDelays }) =>
    Array.from({ length: reports }, () => [state, afterDelays]),
  );
}

function listArrivals({ steps }: DeliveryPlan) {
  return steps.filter(({ reachesHandset }) => reachesHandset).map(({ afterDelays }) => afterDelays);
}

test.each([
  ["+15005550005", "silence", true],
  ["+15005550007", "silence", false],
  ["+15005550016", "server_error", false],
  ["+15005550017", "server_error", true],
  ["+15005550018", "reset", false],
])("%s leaves unknown by %s whether it was sent, and sent: %s", (number, answer, isSent) => {
  const plan = isSent ? expect.objectContaining({ beforeAnswer: false }) : null;
  expect(decide(number)).toEqual({ kind: "leave_unknown", answer, plan });
});

describe.each(["+15005550005", "+15005550017"])("%s", (number) => {
  test("reaches the handset in the usual time, once, and reports after five delays", () => {
    const plan = readPlan(number);
    expect(listArrivals(plan)).toEqual([1]);
    expect(listReports(plan)).toEqual([
      ["sent", 5],
      ["delivered", 5],
    ]);
  });
});

test("+15005550008 reaches the handset in the usual time, and reports that ten delays later", () => {
  expect(decide("+15005550008")).toMatchObject({ kind: "accept" });
  const plan = readPlan("+15005550008");
  expect(listArrivals(plan)).toEqual([1]);
  expect(listReports(plan)).toEqual([
    ["sent", 0.25],
    ["delivered", 11],
  ]);
});

test("every plan takes its steps in the order of time", () => {
  for (const number of SCRIPTS.keys()) {
    const decision = decide(number);
    if (!("plan" in decision) || decision.plan === null) continue;
    const times = decision.plan.steps.map(({ afterDelays }) => afterDelays);
    expect(times).toEqual([...times].sort((a, b) => a - b));
  }
});
