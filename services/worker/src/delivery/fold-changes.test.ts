import {
  deriveMessageState,
  isAllowedTransition,
  isFinalState,
  PROVIDER_NAMES,
  type ProviderName,
  REPORT_STATUSES,
  type ReportStatus,
} from "@sms-gateway/contracts";
import type { MessageChange } from "@sms-gateway/db";
import type { SubmitResult } from "@sms-gateway/providers";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sampleAttempt, sampleContext, sampleMessage } from "../../test/delivery-facts.ts";
import type { AttemptFacts, AttemptResult, MessageFacts } from "./delivery-facts.ts";
import { type AttemptReport, foldReport } from "./fold-report.ts";
import { foldSubmitResult } from "./fold-submit-result.ts";
import { ROUNDS_MAX } from "./retry-schedule.ts";

const now = new Date("2026-01-01T00:00:00.000Z");
const later = new Date("2026-01-01T01:00:00.000Z");
const error = { code: "20429", reason: "Too many requests" };

const planning = sampleContext;
const attempt = sampleAttempt;

function sending(changes: Partial<MessageFacts> = {}): MessageFacts {
  return sampleMessage({ tried: ["twilio"], ...changes });
}

function ended(result: SubmitResult, attemptNumber = 1, provider: ProviderName = "twilio"): AttemptResult {
  return { messageId: "m", attemptNumber, provider, result };
}

function report(status: ReportStatus, changes: Partial<AttemptReport> = {}): AttemptReport {
  return {
    attemptNumber: 1,
    providerMessageId: "SM1",
    status,
    providerStatus: status,
    error: null,
    receivedAt: now,
    ...changes,
  };
}

const accepted = { outcome: "accepted", providerMessageId: "SM1" } as const;
const tryLater = { outcome: "try_later", cause: "throttled", error } as const;
const unknown = { outcome: "unknown", error: { code: "TIMEOUT", reason: "no answer" } } as const;
const open = [attempt(1, "twilio")];

describe("foldSubmitResult", () => {
  it("makes an accepted message sent", () => {
    expect(foldSubmitResult(sending(), open, ended(accepted), planning())).toMatchObject({
      status: "sent",
      error: null,
      attempts: [{ number: 1, outcome: "accepted", providerMessageId: "SM1" }],
      provider: "twilio",
      providerMessageId: "SM1",
    });
  });

  it("asks the next provider at once when one says try later", () => {
    expect(foldSubmitResult(sending(), open, ended(tryLater), planning())).toMatchObject({
      status: "queued",
      plannedProvider: "aws_sns",
      dueInMs: 0,
      tried: ["twilio"],
    });
  });

  it("waits for the next round when everybody was asked, and then starts over with the first", () => {
    const message = sending({ tried: [...PROVIDER_NAMES] });
    const decision = foldSubmitResult(message, open, ended(tryLater), planning());
    expect(decision).toMatchObject({
      status: "queued",
      plannedProvider: "twilio",
      round: 2,
      tried: [],
      dueInMs: 2500,
    });
  });

  it("waits as long as the provider asks for", () => {
    const result = { ...tryLater, retryAfterMs: 7000 };
    const decision = foldSubmitResult(sending({ providers: ["twilio"] }), open, ended(result), planning());
    expect(decision).toMatchObject({ plannedProvider: "twilio", dueInMs: 7000, round: 2, tried: [] });
  });

  it("ends after the last round", () => {
    const message = sending({ providers: ["twilio"], round: ROUNDS_MAX });
    expect(foldSubmitResult(message, open, ended(tryLater), planning())).toMatchObject({
      status: "failed",
      error: { code: "RETRIES_EXHAUSTED" },
    });
  });

  it("ends when the message's life is over", () => {
    const decision = foldSubmitResult(sending({ now: later }), open, ended(tryLater), planning());
    expect(decision).toMatchObject({ status: "expired", error: { code: "EXPIRED" } });
  });

  it.each(["message", "recipient"] as const)("ends with the provider's code when the %s is refused", (scope) => {
    const refused = { outcome: "rejected", scope, error: { code: "21211", reason: "Invalid 'To'" } } as const;
    expect(foldSubmitResult(sending(), open, ended(refused), planning())).toEqual({
      status: "failed",
      error: { code: "21211", message: "Invalid 'To'" },
      attempts: [
        { number: 1, outcome: "rejected", errorCode: "21211", errorMessage: "Invalid 'To'", refusalScope: scope },
      ],
      eventDetail: { provider: "twilio", attempt: 1, error_code: "21211" },
    });
  });

  it("fails over from a provider that refuses for its own reasons, and never asks it again", () => {
    const refused = { outcome: "rejected", scope: "provider", error: { code: "20003", reason: "auth" } } as const;
    const requested = ["twilio", "plivo"] as const;
    const first = foldSubmitResult(sending({ providers: requested }), open, ended(refused), planning());
    expect(first).toMatchObject({ status: "queued", plannedProvider: "plivo", dueInMs: 0 });

    const attempts = [attempt(1, "twilio", { outcome: "rejected" }), attempt(2, "plivo")];
    const message = sending({ providers: requested, tried: ["twilio", "plivo"] });
    const second = foldSubmitResult(message, attempts, ended(tryLater, 2, "plivo"), planning());
    expect(second).toMatchObject({ status: "queued", plannedProvider: "plivo", round: 2 });

    const third = foldSubmitResult(message, attempts, ended(refused, 2, "plivo"), planning());
    expect(third).toMatchObject({ status: "failed", error: { code: "20003" }, trace: { provider: null } });
    expect(new Set(third?.trace?.considered.map(([, verdict]) => verdict))).toEqual(new Set(["refused"]));
  });

  it("keeps a message of unknown outcome sending, and unknown once its life is over", () => {
    expect(foldSubmitResult(sending(), open, ended(unknown), planning())).toMatchObject({
      status: "sending",
      attempts: [{ outcome: "unknown" }],
    });
    expect(foldSubmitResult(sending({ now: later }), open, ended(unknown), planning())).toMatchObject({
      status: "unknown",
      error: { code: "TIMEOUT" },
    });
  });

  it("lets a late answer settle an attempt whose lease ran out", () => {
    const attempts = [attempt(1, "twilio", { outcome: "unknown" })];
    expect(foldSubmitResult(sending(), attempts, ended(accepted), planning())).toMatchObject({ status: "sent" });
    const over = sending({ status: "unknown", now: later });
    expect(foldSubmitResult(over, attempts, ended(tryLater), planning())).toMatchObject({
      status: "failed",
    });
  });

  it("keeps delivered when the answer comes after the report", () => {
    const attempts = [attempt(1, "twilio", { reportStatus: "delivered" })];
    expect(foldSubmitResult(sending({ status: "delivered" }), attempts, ended(accepted), planning())).toMatchObject({
      status: "delivered",
      attempts: [{ outcome: "accepted", providerMessageId: "SM1" }],
    });
  });

  it("changes nothing for an attempt that is settled or not there", () => {
    const attempts = [attempt(1, "twilio", { outcome: "accepted" })];
    expect(foldSubmitResult(sending({ status: "sent" }), attempts, ended(unknown), planning())).toBeNull();
    expect(foldSubmitResult(sending(), open, ended(accepted, 2), planning())).toBeNull();
  });
});

describe("a late answer", () => {
  it("does not take the place of the provider that has the message", () => {
    const attempts = [
      attempt(1, "twilio", { outcome: "unknown" }),
      attempt(2, "plivo", { outcome: "accepted", reportStatus: "sent" }),
    ];
    const late = ended({ outcome: "accepted", providerMessageId: "SM-late" }, 1);
    const sent = sending({ status: "sent", providerMessageId: "plivo-2" });
    const change = foldSubmitResult(sent, attempts, late, planning());
    expect(change).toMatchObject({ status: "sent", attempts: [{ number: 1, outcome: "accepted" }] });
    expect(change).not.toHaveProperty("providerMessageId");
    expect(change).not.toHaveProperty("provider");
    const first = foldSubmitResult(sending(), [attempt(1, "twilio")], late, planning());
    expect(first).toMatchObject({ status: "sent", provider: "twilio", providerMessageId: "SM-late" });
  });
});

describe("foldReport", () => {
  const sent = sending({ status: "sent" });
  const taken = [attempt(1, "twilio", { outcome: "accepted" })];

  it("makes a sent message delivered", () => {
    expect(foldReport(sent, taken, report("delivered"))).toMatchObject({
      status: "delivered",
      error: null,
      attempts: [{ number: 1, reportStatus: "delivered", providerMessageId: "SM1" }],
    });
  });

  it("shows the provider's code when it was not delivered", () => {
    const refused = report("undelivered", { error: { code: "30003", message: "Unreachable" } });
    expect(foldReport(sent, taken, refused)).toMatchObject({
      status: "undelivered",
      error: { code: "30003", message: "Unreachable" },
    });
  });

  it("changes nothing when a report comes again or is overtaken", () => {
    const done = [attempt(1, "twilio", { outcome: "accepted", reportStatus: "delivered" })];
    const delivered = sending({ status: "delivered" });
    for (const status of REPORT_STATUSES) expect(foldReport(delivered, done, report(status))).toBeNull();
  });

  it("takes the report before the answer to the submit", () => {
    expect(foldReport(sending(), open, report("delivered"))).toMatchObject({ status: "delivered" });
    expect(foldReport(sending(), open, report("sent"))).toMatchObject({ status: "sending" });
  });

  it("settles an attempt of unknown outcome", () => {
    const attempts = [attempt(1, "twilio", { outcome: "unknown" })];
    expect(foldReport(sending(), attempts, report("sent"))).toMatchObject({ status: "sent" });
    expect(foldReport(sending({ status: "unknown" }), attempts, report("delivered"))).toMatchObject({
      status: "delivered",
    });
  });

  it("never triggers another try, and gives up the one that waits: it proves that the provider had the message", () => {
    const attempts = [attempt(1, "twilio", { outcome: "try_later" })];
    const decision = foldReport(sending({ status: "queued" }), attempts, report("failed"));
    expect(decision).toMatchObject({ status: "failed", error: { code: "FAILED" } });
    expect(decision?.plannedProvider).toBeUndefined();
  });
});

describe("any order of results and reports", () => {
  type Step =
    | { readonly kind: "result"; readonly result: SubmitResult }
    | { readonly kind: "report"; readonly of: number; readonly status: ReportStatus };

  const result = fc.constantFrom<SubmitResult>(
    accepted,
    tryLater,
    unknown,
    { outcome: "rejected", scope: "message", error },
    { outcome: "rejected", scope: "provider", error },
  );
  const step = fc.oneof(
    result.map((one): Step => ({ kind: "result", result: one })),
    fc
      .tuple(fc.integer({ min: 1, max: 4 }), fc.constantFrom(...REPORT_STATUSES))
      .map(([of, status]): Step => ({ kind: "report", of, status })),
  );

  it("keeps to the table of states, never leaves delivered, and never ends a message of unknown outcome as failed", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        let message = sending({ status: "queued", tried: [] });
        let attempts: AttemptFacts[] = [];
        let planned: ProviderName = "twilio";

        const apply = (change: MessageChange | null, cause: "submit" | "report"): void => {
          if (change === null) return;
          const { status = message.status, round = message.round, tried = message.tried } = change;
          if (status !== message.status) expect(isAllowedTransition(message.status, status, cause)).toBe(true);
          for (const { number, outcome, reportStatus } of change.attempts ?? []) {
            attempts = attempts.map((one) => ({
              ...one,
              ...(one.number === number && outcome !== undefined ? { outcome } : {}),
              ...(one.number === number && reportStatus !== undefined ? { reportStatus } : {}),
            }));
          }
          message = { ...message, status, round, tried };
          planned = PROVIDER_NAMES.find((name) => name === change.plannedProvider) ?? planned;
        };

        for (const one of steps) {
          if (message.status === "queued") {
            attempts = [...attempts, attempt(attempts.length + 1, planned)];
            message = { ...message, status: "sending", tried: [...message.tried, planned] };
          }
          const last = attempts.at(-1);
          const before = message.status;
          if (one.kind === "result" && last !== undefined) {
            apply(foldSubmitResult(message, attempts, ended(one.result, last.number, planned), planning()), "submit");
          }
          if (one.kind === "report")
            apply(foldReport(message, attempts, report(one.status, { attemptNumber: one.of })), "report");
          if (before === "delivered") expect(message.status).toBe("delivered");
          if (attempts.some(({ reportStatus }) => reportStatus === "delivered"))
            expect(message.status).toBe("delivered");
          const isOpen = attempts.some(({ outcome, reportStatus }) => outcome === "unknown" && reportStatus === null);
          if (isOpen) expect(["failed", "expired", "canceled"]).not.toContain(message.status);
          if (!isFinalState(message.status) && message.status !== "queued") {
            expect(message.status).toBe(deriveMessageState(attempts, { retryPlanned: false, closed: false }));
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});
