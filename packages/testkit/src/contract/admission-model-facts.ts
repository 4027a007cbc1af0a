import type { Admission, AdmitRequest } from "@sms-gateway/contracts";
import fc from "fast-check";
import { beforeAll, expect, it } from "vitest";
import { admissionCommands, type Gateway } from "./admission-commands.ts";
import type { AdmissionHarness } from "./admission-harness.ts";
import { AdmissionModel } from "./admission-model.ts";
import { newClientId, newRequest, sentAgain, TODAY } from "./admission-requests.ts";

const MODEL_RUNS = 250;
const STORM_RUNS = 40;

/** Two gateways and arbitrary stalls against a model, first one step at a time, then all at once. */
export function admissionModelFacts(harness: () => AdmissionHarness): void {
  let gateways: readonly [Gateway, Gateway];
  beforeAll(async () => {
    gateways = [await openGateway(harness()), await openGateway(harness())];
  });

  it("answers and charges as the model says, however two gateways stall", async () => {
    await fc.assert(
      fc.asyncProperty(admissionCommands(), async (commands) => {
        const clientId = newClientId();
        await fc.asyncModelRun(
          () => ({
            model: { admission: new AdmissionModel(), requests: [] },
            real: { clientId, gateways, readQuota: (day) => harness().readQuota(clientId, day) },
          }),
          commands,
        );
      }),
      { numRuns: MODEL_RUNS },
    );
  });

  it("charges exactly what is reserved, however gateways run into each other", async () => {
    const step = fc.record({
      gateway: fc.constantFrom(0 as const, 1 as const),
      old: fc.boolean(),
      key: fc.constantFrom("k1", "k2", "k3"),
      count: fc.integer({ min: 1, max: 5 }),
      ending: fc.constantFrom("settle", "release", "release", "abandon", "stall"),
    });
    const actor = fc.array(step, { minLength: 4, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(fc.array(actor, { minLength: 4, maxLength: 4 }), async (actors) => {
        const clientId = newClientId();
        await Promise.all(
          actors.map(async (steps) => {
            for (const { gateway, old, key, count, ending } of steps) {
              const admission = old ? gateways[gateway].later : gateways[gateway].now;
              await admitAndEnd(admission, newRequest(clientId, key, { count }), ending);
            }
          }),
        );
        const before = await harness().readQuota(clientId, TODAY);
        // Whoever asks now gets each key, or its replay, and with it what was charged for it.
        const [gateway] = gateways;
        const keys = ["k1", "k2", "k3"].map((key) => newRequest(clientId, key, { count: 100 }));
        const answers = await Promise.all(keys.map((request) => gateway.later.admit(sentAgain(request))));
        const reserved = answers.map((answer) =>
          "reservation" in answer ? answer.reservation.chargedAmount : Number.NaN,
        );
        const kept = reserved.filter((amount) => amount !== 100).reduce((sum, amount) => sum + amount, 0);
        expect(before).toBe(kept);
      }),
      { numRuns: STORM_RUNS },
    );
  });
}

async function openGateway(harness: AdmissionHarness): Promise<Gateway> {
  return {
    now: await harness.openGateway({ takeOverAfterMs: 3_600_000 }),
    later: await harness.openGateway({ takeOverAfterMs: 0 }),
  };
}

type Ending = "settle" | "release" | "abandon" | "stall";

async function admitAndEnd(admission: Admission, request: AdmitRequest, ending: Ending): Promise<void> {
  const answer = await admission.admit(request);
  if (answer.outcome === "admitted" && ending !== "stall") await admission[ending](request.ref);
}
