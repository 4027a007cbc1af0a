import { expect, test } from "vitest";
import { singleFlight } from "./single-flight.ts";

test("callers during a run share the next one, and no two run at a time", async () => {
  let running = 0;
  let most = 0;
  let runs = 0;
  const flight = singleFlight(async () => {
    runs += 1;
    running += 1;
    most = Math.max(most, running);
    await Promise.resolve();
    running -= 1;
  });
  const first = flight.start();
  const during = Array.from({ length: 10 }, () => flight.start());
  expect(flight.isRunning()).toBe(true);
  await Promise.all([first, ...during]);
  expect([runs, most, flight.isRunning()]).toEqual([2, 1, false]);
  await flight.start();
  expect(runs).toBe(3);
});

test("a run that rejects rejects for those who share it, and not for those who share the next", async () => {
  const fates = [Promise.reject(new Error("away")), Promise.resolve()];
  const flight = singleFlight(() => fates.shift() ?? Promise.reject(new Error("one too many")));
  const endings = await Promise.allSettled([flight.start(), flight.start(), flight.start()]);
  expect(endings.map(({ status }) => status)).toEqual(["rejected", "fulfilled", "fulfilled"]);
});
