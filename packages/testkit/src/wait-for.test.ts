import { expect, test } from "vitest";
import { waitFor } from "./wait-for.ts";

test("gives the first truthy value", async () => {
  let asked = 0;
  const value = await waitFor(() => (++asked === 3 ? "third" : undefined), { intervalMs: 1, what: "the third call" });
  expect(value).toBe("third");
  expect(asked).toBe(3);
});

test("takes a throwing condition as not yet", async () => {
  let asked = 0;
  const value = await waitFor(
    async () => {
      asked += 1;
      if (asked < 3) throw new Error("refused");
      return asked;
    },
    { intervalMs: 1, what: "a server" },
  );
  expect(value).toBe(3);
});

test("names what it waited for and the last error", async () => {
  const refused = () => Promise.reject(new Error("connection refused"));
  await expect(waitFor(refused, { timeoutMs: 30, intervalMs: 5, what: "the broker" })).rejects.toThrow(
    /^waited 30 ms for the broker \(asked \d+ times\); the last error was: connection refused$/,
  );
});

test("gives up on a condition that never answers", async () => {
  const silent = () => new Promise<boolean>(() => undefined);
  await expect(waitFor(silent, { timeoutMs: 30, what: "an answer" })).rejects.toThrow(
    /waited 30 ms for an answer .*did not answer/,
  );
});
