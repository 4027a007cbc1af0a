import { afterAll, beforeAll, describe } from "vitest";
import { otpCheckFacts } from "./otp-sessions-check-facts.ts";
import { otpDiscardFacts } from "./otp-sessions-discard-facts.ts";
import { otpFaultFacts } from "./otp-sessions-fault-facts.ts";
import type { OtpSessionsHarness } from "./otp-sessions-harness.ts";
import { otpModelFacts } from "./otp-sessions-model-facts.ts";
import { otpSendFacts } from "./otp-sessions-send-facts.ts";

/** The contract of the port `OtpSessions`, for every adapter. Nothing in here knows what the adapter is made of. */
export function otpSessionsContract(name: string, makeHarness: () => Promise<OtpSessionsHarness>): void {
  describe(`${name} keeps the contract of OtpSessions`, () => {
    let harness: OtpSessionsHarness | undefined;
    const present = () => {
      if (harness === undefined) throw new Error("the harness is not ready");
      return harness;
    };
    beforeAll(async () => {
      harness = await makeHarness();
    });
    afterAll(() => harness?.close());

    describe("sending", () => otpSendFacts(present));
    describe("checking", () => otpCheckFacts(present));
    describe("discarding", () => otpDiscardFacts(present));
    describe("faults", () => otpFaultFacts(present));
    describe("model", () => otpModelFacts(present));
  });
}
