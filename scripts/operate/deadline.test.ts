import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test, vi } from "vitest";
import { startDeadline } from "./deadline.ts";

test("a deadline comes, also when memory is cleaned up meanwhile", async () => {
  setFlagsFromString("--expose-gc");
  const { signal } = startDeadline(30);
  runInNewContext("gc")();
  await vi.waitFor(() => expect(signal.aborted).toBe(true), { timeout: 10_000, interval: 10 });
});

test("a deadline that was cleared never comes, one that was cut short has come", async () => {
  const [cleared, later] = [startDeadline(1), startDeadline(30)];
  cleared.clear();
  await vi.waitFor(() => expect(later.signal.aborted).toBe(true), { timeout: 10_000, interval: 10 });
  expect(cleared.signal.aborted).toBe(false);
  const cut = startDeadline(60_000);
  cut.abort();
  expect(cut.signal.aborted).toBe(true);
  cut.clear();
});
