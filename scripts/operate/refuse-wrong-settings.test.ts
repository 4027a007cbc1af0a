import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { OperatorError } from "./operator-error.ts";
import { refuseWrongSettings } from "./refuse-wrong-settings.ts";

const ROOT = resolve(import.meta.dirname, "../..");

describe("the settings of the standalone shape", () => {
  test("may all be left to their defaults", async () => {
    await expect(refuseWrongSettings(ROOT, {})).resolves.toBeUndefined();
  });

  test("that are wrong are told in one go, whichever program reads them, each once", async () => {
    const wrong = {
      GATEWAY_PORT: "80a",
      WORKER_PORT: "0",
      LAB_DELIVERY_DELAY_MS: "soon",
      LOG_LEVEL: "loud",
      REDIS_URL: "redis://localhost",
    };
    const refused = refuseWrongSettings(ROOT, wrong);
    await expect(refused).rejects.toBeInstanceOf(OperatorError);
    const names = await refused.catch((error: Error) => error.message.split("\n").map((line) => line.split(" ")[2]));
    expect(names).toEqual([
      "started:",
      ...["GATEWAY_PORT", "WORKER_PORT", "LAB_DELIVERY_DELAY_MS", "LOG_LEVEL", "REDIS_URL"],
    ]);
  });

  test("of a lab that is switched off do not matter", async () => {
    const lab = { LAB_DELIVERY_DELAY_MS: "soon", LAB_PORT: "0" };
    await expect(refuseWrongSettings(ROOT, { ...lab, LAB: "false" })).resolves.toBeUndefined();
    await expect(refuseWrongSettings(ROOT, lab)).rejects.toThrow("2 settings are wrong");
  });
});
