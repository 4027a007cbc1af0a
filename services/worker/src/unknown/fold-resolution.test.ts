import { describe, expect, it } from "vitest";
import { sampleContext, sampleMessage } from "../../test/delivery-facts.ts";
import type { MessageFacts } from "../delivery/delivery-facts.ts";
import { ROUNDS_MAX } from "../delivery/retry-schedule.ts";
import type { ProviderWord } from "./decide-unknown.ts";
import { foldResolution, type Look, type UnknownAttempt } from "./fold-resolution.ts";

const now = new Date("2026-01-01T00:03:00.000Z");
const endedAt = new Date("2026-01-01T00:00:30.000Z");

const context = sampleContext();

function message(changes: Partial<MessageFacts> = {}): MessageFacts {
  return sampleMessage({ now, ...changes });
}

function attempt(changes: Partial<UnknownAttempt> = {}): UnknownAttempt {
  const none = { refusalScope: null, errorCode: null, errorMessage: null };
  return {
    number: 1,
    provider: "twilio",
    outcome: "unknown",
    reportStatus: null,
    finishedAt: endedAt,
    ...none,
    ...changes,
  };
}

const cannotTell: ProviderWord = { said: "cannot_tell" };
function look(changes: Partial<Look> = {}): Look {
  const askedAt = new Date(now.getTime() - 1_000);
  return {
    messageId: "m",
    attemptNumber: 1,
    word: cannotTell,
    askedAt,
    settleMs: 60_000,
    policy: "resend",
    ...changes,
  };
}

describe("a look at an attempt of unknown outcome", () => {
  it("makes the message sent when its provider has it, also while a resend waits, and then no double is possible", () => {
    const found = { providerMessageId: "SM1", status: "sent", providerStatus: "sent", error: null } as const;
    const word = { said: "found", message: found } as const;
    for (const facts of [message(), message({ status: "queued", possibleDouble: true })]) {
      expect(foldResolution(facts, [attempt()], look({ word }), context)).toMatchObject({
        status: "sent",
        provider: "twilio",
        providerMessageId: "SM1",
        attempts: [{ number: 1, outcome: "accepted", providerMessageId: "SM1", checkInMs: 45_000 }],
        ...(facts.possibleDouble ? { possibleDouble: false } : {}),
      });
    }
  });

  it("goes on as after a refusal when it was certainly not sent", () => {
    const change = foldResolution(message(), [attempt()], look({ word: { said: "not_found" } }), context);
    expect(change).toMatchObject({
      status: "queued",
      plannedProvider: "aws_sns",
      attempts: [{ number: 1, outcome: "try_later", errorCode: "NOT_FOUND_AT_PROVIDER" }],
      trace: { step: "failover" },
    });
    expect(change).not.toHaveProperty("possibleDouble");
  });

  it("sends once more elsewhere, marked, when nobody can say and the policy says so", () => {
    expect(foldResolution(message(), [attempt()], look(), context)).toMatchObject({
      status: "queued",
      plannedProvider: "aws_sns",
      dueInMs: 0,
      tried: ["twilio"],
      possibleDouble: true,
      trace: { step: "resend", provider: "aws_sns" },
    });
  });

  it("waits for the next round where there is nobody else", () => {
    const only = message({ providers: ["twilio"] });
    expect(foldResolution(only, [attempt()], look(), context)).toMatchObject({
      plannedProvider: "twilio",
      dueInMs: 2500,
      round: 2,
      trace: { step: "resend" },
    });
    const last = message({ providers: ["twilio"], round: ROUNDS_MAX });
    const change = foldResolution(last, [attempt()], look(), context);
    expect(change).toEqual({ attempts: [{ number: 1, checkInMs: 150_000 }] });
  });

  it("never plans a try while another attempt is open, a resend waits, or a later attempt has ended", () => {
    const open = attempt({ number: 2, provider: "plivo", outcome: null, finishedAt: null });
    const refused = attempt({ number: 2, provider: "plivo", outcome: "rejected" });
    const cases: [MessageFacts, UnknownAttempt[]][] = [
      [message(), [attempt(), open]],
      [message(), [attempt(), refused]],
      [message({ status: "queued" }), [attempt()]],
      [message({ status: "sent" }), [attempt(), attempt({ number: 2, outcome: "accepted" })]],
    ];
    for (const [facts, attempts] of cases) {
      expect(foldResolution(facts, attempts, look(), context)).toEqual({
        attempts: [{ number: 1, checkInMs: 150_000 }],
      });
    }
  });

  it("is the last one once the message has ended or its life is over", () => {
    for (const facts of [message({ status: "delivered" }), message({ expireAt: now })]) {
      const change = foldResolution(facts, [attempt()], look(), context);
      expect(change).toEqual({ attempts: [{ number: 1, checkInMs: null }] });
    }
  });

  it("changes nothing when an answer or a report has settled the attempt meanwhile", () => {
    for (const settled of [attempt({ outcome: "accepted" }), attempt({ reportStatus: "sent" })]) {
      expect(foldResolution(message(), [settled], look(), context)).toBeNull();
    }
  });
});
