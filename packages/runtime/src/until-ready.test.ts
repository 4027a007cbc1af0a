import { expect, test } from "vitest";
import { untilReady } from "./until-ready.ts";

test("waits for checks that become well", async () => {
  let looks = 0;
  const slow = {
    name: "slow",
    check: async () => {
      looks += 1;
      return { ok: looks >= 3 };
    },
  };
  expect(await untilReady([slow, { name: "well", check: async () => ({ ok: true }) }], 10_000)).toBe(true);
  expect(looks).toBe(3);
});

test("gives up at its limit, whether a check is ill, fails or never answers", async () => {
  const checks = [
    async () => ({ ok: false }),
    async () => {
      throw new Error("refused");
    },
    () => new Promise<never>(() => {}),
  ];
  for (const check of checks) expect(await untilReady([{ name: "ill", check }], 60)).toBe(false);
});
