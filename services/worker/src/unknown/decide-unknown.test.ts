import { UNKNOWN_POLICIES } from "@sms-gateway/contracts";
import type { FoundMessage } from "@sms-gateway/providers";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decideUnknown, type ProviderWord, type UnknownFacts } from "./decide-unknown.ts";

const message: FoundMessage = { providerMessageId: "SM1", status: "sent", providerStatus: "sent", error: null };

const word = fc.constantFrom<ProviderWord>({ said: "found", message }, { said: "not_found" }, { said: "cannot_tell" });
const facts: fc.Arbitrary<UnknownFacts> = fc
  .record({
    word,
    askedAgeMs: fc.integer({ min: 0, max: 200_000 }),
    askingMs: fc.integer({ min: 0, max: 5_000 }),
    settleMs: fc.option(fc.integer({ min: 0, max: 200_000 })),
    policy: fc.constantFrom(...UNKNOWN_POLICIES),
    mayResend: fc.boolean(),
  })
  .map(({ askingMs, ...rest }) => ({ ...rest, ageMs: rest.askedAgeMs + askingMs }));

/** Whether anything may be concluded from a list without the message. */
const isProof = ({ word: { said }, settleMs, askedAgeMs }: UnknownFacts): boolean =>
  said === "not_found" && settleMs !== null && askedAgeMs >= settleMs;

describe("an attempt of unknown outcome", () => {
  it("counts as accepted whenever its provider has the message, and only then", () => {
    fc.assert(
      fc.property(facts, (given) => {
        expect(decideUnknown(given).do === "accept").toBe(given.word.said === "found");
      }),
    );
  });

  it("counts as not sent exactly when a complete list names none after the settle time", () => {
    fc.assert(
      fc.property(facts, (given) => {
        expect(decideUnknown(given).do === "refuse").toBe(isProof(given));
      }),
    );
  });

  it("is sent once more only where the policy says so and nothing else is under way", () => {
    fc.assert(
      fc.property(facts, (given) => {
        const isTime = given.policy === "resend" || (given.policy === "wait" && given.ageMs >= 120_000);
        const expected = given.word.said !== "found" && !isProof(given) && given.mayResend && isTime;
        expect(decideUnknown(given).do === "resend").toBe(expected);
      }),
    );
  });

  it("is never sent again under the policy never, whatever happens", () => {
    fc.assert(fc.property(facts, (given) => decideUnknown({ ...given, policy: "never" }).do !== "resend"));
  });

  it("is looked at again unless it is settled", () => {
    fc.assert(
      fc.property(facts, (given) => {
        const decision = decideUnknown(given);
        if (decision.do === "wait" || decision.do === "resend") expect(decision.lookInMs).toBeGreaterThan(0);
      }),
    );
  });
});
