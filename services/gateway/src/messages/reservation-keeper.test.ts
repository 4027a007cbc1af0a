import { AdmissionUnavailableError, type ReservationRef } from "@sms-gateway/contracts";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createReservationKeeper, type ReservationStep } from "./reservation-keeper.ts";

const REF: ReservationRef = { clientId: "c", idempotencyKeyHash: null, seed: "s", token: "t" };
const STEPS: readonly ReservationStep[] = ["settle", "release", "abandon"];

/** A keeper before a store that fails as often as told. */
function createBench(failures: number, failure: () => Error = () => new AdmissionUnavailableError("away")) {
  const calls: ReservationStep[] = [];
  const givenUp: [ReservationStep, unknown][] = [];
  let left = failures;
  const answer = (step: ReservationStep) => async () => {
    calls.push(step);
    left -= 1;
    if (left >= 0) throw failure();
  };
  const keeper = createReservationKeeper({
    admission: { settle: answer("settle"), release: answer("release"), abandon: answer("abandon") },
    onGivenUp: (step, _ref, error) => givenUp.push([step, error]),
  });
  return { keeper, calls, givenUp };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test.each(STEPS)("%s is carried out once when the store answers", async (step) => {
  const { keeper, calls, givenUp } = createBench(0);
  keeper[step](REF);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(calls).toEqual([step]);
  expect(givenUp).toEqual([]);
});

test.each(STEPS)("%s is repeated while the store is away, with growing pauses", async (step) => {
  const { keeper, calls, givenUp } = createBench(5);
  keeper[step](REF);
  await vi.advanceTimersByTimeAsync(100);
  expect(calls.length).toBeGreaterThanOrEqual(2);
  await vi.advanceTimersByTimeAsync(3_000);
  expect(calls).toEqual(Array(6).fill(step));
  expect(givenUp).toEqual([]);
});

test("a step is given up after 30 s, and that is told", async () => {
  const { keeper, calls, givenUp } = createBench(Number.POSITIVE_INFINITY);
  keeper.release(REF);
  await vi.advanceTimersByTimeAsync(27_000);
  expect(givenUp).toEqual([]);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(givenUp).toEqual([["release", expect.any(AdmissionUnavailableError)]]);
  const called = calls.length;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(calls.length).toBe(called);
});

test("a fault of our own is not repeated", async () => {
  const fault = new TypeError("script and reader differ");
  const { keeper, calls, givenUp } = createBench(Number.POSITIVE_INFINITY, () => fault);
  keeper.settle(REF);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(calls).toHaveLength(1);
  expect(givenUp).toEqual([["settle", fault]]);
});

test("so many steps are asked for at a time as the store takes, the others in their turn", async () => {
  const answers: (() => void)[] = [];
  const settle = () => new Promise<void>((resolve) => answers.push(resolve));
  const none = async () => undefined;
  const keeper = createReservationKeeper({
    admission: { settle, release: none, abandon: none },
    atATime: 32,
    onGivenUp: () => undefined,
  });
  for (let count = 0; count < 40; count += 1) keeper.settle(REF);
  await vi.advanceTimersByTimeAsync(0);
  expect(answers).toHaveLength(32);
  for (const answer of answers.splice(0, 5)) answer();
  await vi.advanceTimersByTimeAsync(0);
  expect(answers).toHaveLength(32);
  for (const answer of answers.splice(0, 32)) answer();
  await vi.advanceTimersByTimeAsync(0);
  expect(answers).toHaveLength(3);
});

test("draining waits for what is under way, and not for ever", async () => {
  const { keeper, calls } = createBench(3);
  keeper.release(REF);
  let isDrained = false;
  void keeper.drain(2_000).then(() => {
    isDrained = true;
  });
  await vi.advanceTimersByTimeAsync(10);
  expect(isDrained).toBe(false);
  await vi.advanceTimersByTimeAsync(900);
  expect([isDrained, calls.length]).toEqual([true, 4]);

  const hopeless = createBench(Number.POSITIVE_INFINITY);
  hopeless.keeper.release(REF);
  const draining = hopeless.keeper.drain(2_000);
  await vi.advanceTimersByTimeAsync(2_000);
  await draining;
});

test("what comes beyond 50 000 waiting steps is left to the take-over", async () => {
  const { keeper, givenUp } = createBench(Number.POSITIVE_INFINITY);
  for (let count = 0; count < 50_001; count += 1) keeper.settle(REF);
  expect(givenUp).toHaveLength(1);
});
