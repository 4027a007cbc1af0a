import type { OtpCheckAnswer, OtpSessions } from "@sms-gateway/contracts";
import fc from "fast-check";
import { beforeAll, expect, it } from "vitest";
import { newClientId } from "./admission-requests.ts";
import { compareSessions, type ExpectedOtp, type OtpGateway, otpCommands } from "./otp-sessions-commands.ts";
import type { OtpSessionsHarness } from "./otp-sessions-harness.ts";
import { OtpSessionsModel } from "./otp-sessions-model.ts";
import { checkOf, newOtpCreate, newOtpResend } from "./otp-sessions-requests.ts";

const MODEL_RUNS = 80;
const STORM_RUNS = 40;

/** Two gateways and arbitrary stalls against a model, first one step at a time, then all at once. */
export function otpModelFacts(harness: () => OtpSessionsHarness): void {
  let gateways: readonly [OtpGateway, OtpGateway];
  beforeAll(async () => {
    gateways = [await openGateway(harness()), await openGateway(harness())];
  });

  it("answers and keeps what the model says, however two gateways stall", async () => {
    await fc.assert(
      fc.asyncProperty(otpCommands(), async (commands) => {
        const expected: ExpectedOtp = { model: new OtpSessionsModel(), sendings: [] };
        const real = { clientId: newClientId(), gateways };
        await fc.asyncModelRun(() => ({ model: expected, real }), commands);
        await compareSessions(expected, real);
      }),
      { numRuns: MODEL_RUNS },
    );
  });

  it("counts every wrong check once and verifies once, however gateways run into each other", async () => {
    const attemptsMax = 6;
    const step = fc.record({
      gateway: fc.constantFrom(0 as const, 1 as const),
      doing: fc.constantFrom("check", "check", "check", "resend", "discarded resend"),
      code: fc.constantFrom("wrong", "wrong", "right", "new"),
    });
    const actor = fc.array(step, { minLength: 2, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(fc.array(actor, { minLength: 4, maxLength: 4 }), async (actors) => {
        const request = newOtpCreate(newClientId(), { attemptsMax });
        await gateways[0].keeping.create(request);
        const answers: OtpCheckAnswer[] = [];
        await Promise.all(
          actors.map(async (steps) => {
            for (const { gateway, doing, code } of steps) {
              const { keeping } = gateways[gateway];
              if (doing === "check") answers.push(await keeping.check(checkOf(request, code)));
              else await resend(keeping, newOtpResend(request), doing === "discarded resend");
            }
          }),
        );
        const session = await gateways[1].keeping.get(request.ref.clientId, request.ref.sessionId);
        const left = answers.flatMap((answer) => ("attemptsRemaining" in answer ? [answer.attemptsRemaining] : []));
        const count = (outcome: string) => answers.filter((answer) => answer.outcome === outcome).length;
        expect(left.sort((a, b) => b - a)).toEqual(left.map((_, i) => attemptsMax - 1 - i));
        expect(session?.attempts).toBe(left.length);
        expect(count("verified")).toBe(session?.status === "verified" ? 1 : 0);
        if (count("already_used") > 0) expect(session?.status).toBe("verified");
        expect(count("too_many_attempts") > 0).toBe(session?.status === "exhausted" && answers.length > left.length);
      }),
      { numRuns: STORM_RUNS },
    );
  });
}

async function openGateway(harness: OtpSessionsHarness): Promise<OtpGateway> {
  return { keeping: await harness.openGateway(), forgetting: await harness.openGateway({ keepMs: 1 }) };
}

async function resend(
  sessions: OtpSessions,
  request: ReturnType<typeof newOtpResend>,
  isDiscarded: boolean,
): Promise<void> {
  await sessions.resend(request);
  if (isDiscarded) await sessions.discard(request.ref);
}
