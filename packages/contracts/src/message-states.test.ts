import { expect, test } from "vitest";
import { isAllowedTransition, isFinalState, MESSAGE_STATES, TRANSITIONS } from "./index.ts";

test("the table holds no change twice and none to the same state", () => {
  const keys = TRANSITIONS.map(({ from, to, cause }) => `${from} ${to} ${cause}`);
  expect(new Set(keys).size).toBe(keys.length);
  expect(TRANSITIONS.filter(({ from, to }) => from === to)).toEqual([]);
});

test("nothing leaves delivered, and nothing leaves rejected", () => {
  expect(TRANSITIONS.filter(({ from }) => from === "delivered" || from === "rejected")).toEqual([]);
});

test("nothing goes back to accepted or scheduled, and only the next try of a message goes back to queued", () => {
  const back = TRANSITIONS.filter(
    ({ to, cause }) => cause !== "record" && ["accepted", "scheduled", "queued"].includes(to),
  );
  expect(back).toEqual([
    { from: "sending", to: "queued", cause: "submit" },
    { from: "sending", to: "queued", cause: "resolve" },
  ]);
});

test("every state can be reached from accepted", () => {
  const reached = new Set(["accepted"]);
  for (let size = 0; size < reached.size; ) {
    size = reached.size;
    for (const { from, to } of TRANSITIONS) if (reached.has(from)) reached.add(to);
  }
  expect([...reached].sort()).toEqual([...MESSAGE_STATES].sort());
});

test("a final state changes only by what a late report, a late answer or the provider's own list says", () => {
  const changes = TRANSITIONS.filter(({ from }) => isFinalState(from));
  expect(new Set(changes.map(({ cause }) => cause))).toEqual(new Set(["report", "submit", "resolve"]));
  const corrected = changes.filter(({ from }) => from !== "unknown");
  expect(new Set(corrected.map(({ to }) => to))).toEqual(new Set(["delivered"]));
});

test("only messages that no provider has can be canceled", () => {
  const cancelable = MESSAGE_STATES.filter((state) => isAllowedTransition(state, "canceled", "cancel"));
  expect(cancelable).toEqual(["scheduled", "queued"]);
});

test("a message that may have gone out can end unknown at its deadline, and in every way that attempts tell", () => {
  for (const end of ["undelivered", "failed", "expired", "canceled"] as const) {
    expect(isAllowedTransition("sending", end, "deadline")).toBe(true);
  }
  expect(isAllowedTransition("sending", "unknown", "deadline")).toBe(true);
});

test("a message that waits to be sent once more ends unknown, never expired, once one attempt is in doubt", () => {
  expect(isAllowedTransition("queued", "unknown", "deadline")).toBe(true);
  expect(isAllowedTransition("queued", "sent", "submit")).toBe(true);
  expect(isAllowedTransition("queued", "sent", "resolve")).toBe(true);
});
