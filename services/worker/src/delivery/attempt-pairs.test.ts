import {
  ATTEMPT_OUTCOMES,
  type AttemptOutcome,
  deriveMessageState,
  isAllowedTransition,
  isFinalState,
  type MessageState,
  mayHaveArrived,
  REPORT_STATUSES,
  type ReportStatus,
  type SmsType,
} from "@sms-gateway/contracts";
import { HOLD_MAX_MS, type MessageChange } from "@sms-gateway/db";
import type { SubmitResult } from "@sms-gateway/providers";
import { describe, expect, it } from "vitest";
import { sampleAttempt, sampleContext, sampleMessage } from "../../test/delivery-facts.ts";
import type { AttemptFacts, MessageFacts } from "./delivery-facts.ts";
import { foldReport } from "./fold-report.ts";
import { foldSubmitResult } from "./fold-submit-result.ts";
import { planNextTry } from "./plan-next-try.ts";
import { RESENDS_MAX } from "./retry-schedule.ts";

const now = new Date("2026-01-01T00:00:00.000Z");
const later = new Date("2026-01-01T01:00:00.000Z");
const error = { code: "20429", reason: "Too many requests" };
const context = sampleContext({ random: () => 0 });
const attempt = sampleAttempt;

function message(changes: Partial<MessageFacts> = {}): MessageFacts {
  return sampleMessage({ providers: ["twilio", "plivo", "nexmo"], tried: ["twilio"], lane: "high", ...changes });
}

/** Of the attempt after which the next one is planned. */
const DOUBTFUL_END = {
  provider: "twilio",
  ending: "unknown",
  error: { code: "X", message: "x" },
  retryAfterMs: 0,
} as const;

const ANSWERS: readonly SubmitResult[] = [
  { outcome: "accepted", providerMessageId: "SM2" },
  { outcome: "unknown", error },
  { outcome: "try_later", cause: "unavailable", error },
  { outcome: "rejected", scope: "provider", error },
  { outcome: "rejected", scope: "recipient", error },
];

/** Everything that one attempt may be. */
const PROGRESS = [null, ...ATTEMPT_OUTCOMES].flatMap((outcome) =>
  [null, ...REPORT_STATUSES].map((reportStatus) => ({ outcome, reportStatus })),
);
/** All pairs of which at most one is open, as the worker makes them: only the last one ever is. */
const PAIRS = PROGRESS.filter(({ outcome }) => outcome !== null).flatMap((first) =>
  PROGRESS.map((second) => [attempt(1, "twilio", first), attempt(2, "plivo", second)]),
);

/** What a message with these attempts can be: as they say, or waiting for another try where that was planned. */
function statusesOf(attempts: readonly AttemptFacts[], closed: boolean): MessageState[] {
  const isOpen = attempts.some(({ outcome }) => outcome === null);
  const states = [false, ...(isOpen || closed ? [] : [true])].map((retryPlanned) =>
    deriveMessageState(attempts, { retryPlanned, closed }),
  );
  return [...new Set(states)];
}

function apply(attempts: readonly AttemptFacts[], { attempts: changes = [] }: MessageChange): AttemptFacts[] {
  return attempts.map((one) => {
    const { outcome = one.outcome, reportStatus = one.reportStatus } =
      changes.find(({ number }) => number === one.number) ?? {};
    return { ...one, outcome, reportStatus };
  });
}

/** A message in flight is what its attempts say, and gets there by a change that the table holds. */
function checkFold(
  before: MessageFacts,
  attempts: readonly AttemptFacts[],
  change: MessageChange | null,
  cause: "submit" | "resolve" | "report",
): void {
  if (change === null) return;
  const { status = before.status } = change;
  const after = apply(attempts, change);
  const tell = (wrong: string): never => {
    const pairs = after.map((one) => `${one.outcome}/${one.reportStatus}`).join(", ");
    return expect.fail(`${before.status} > ${status} by ${cause} with ${pairs}: ${wrong}`);
  };
  if (status !== before.status && !isAllowedTransition(before.status, status, cause)) tell("not in the table");
  if (isFinalState(before.status)) return;
  const closed = before.now >= before.expireAt;
  const derived = deriveMessageState(after, { retryPlanned: status === "queued", closed });
  // Nobody left in time: how it ended is said by what ended it.
  const isExpired = status === "expired" && derived === "failed";
  if (status !== derived && !isExpired) tell(`should be ${derived}`);
  if ((status === "undelivered" || status === "failed") && !change.error) tell("no error");
}

describe.each([false, true])("any two attempts, the deadline over: %s", (closed) => {
  const expireAt = closed ? now : later;

  it.each(["submit", "resolve"] as const)("make their message what follows from them by any answer (%s)", (cause) => {
    let folds = 0;
    for (const attempts of PAIRS) {
      for (const status of statusesOf(attempts, closed)) {
        for (const { number: attemptNumber, provider } of attempts) {
          for (const result of ANSWERS) {
            const facts = message({ status, expireAt });
            const ending = { attemptNumber, provider, result, cause };
            checkFold(facts, attempts, foldSubmitResult(facts, attempts, ending, context), cause);
            folds += 1;
          }
        }
      }
    }
    expect(folds).toBeGreaterThan(20_000);
  });

  it("make their message what follows from them by any report", () => {
    for (const attempts of PAIRS) {
      for (const status of statusesOf(attempts, closed)) {
        for (const { number: attemptNumber } of attempts) {
          for (const word of REPORT_STATUSES) {
            const facts = message({ status, expireAt });
            checkFold(facts, attempts, foldReport(facts, attempts, report(attemptNumber, word)), "report");
          }
        }
      }
    }
  });
});

function report(attemptNumber: number, status: ReportStatus) {
  const ids = { attemptNumber, providerMessageId: `SM${attemptNumber}` };
  return { ...ids, status, providerStatus: status, error: null, receivedAt: now };
}

describe("another try", () => {
  const tryLater = { outcome: "try_later", cause: "throttled", error } as const;
  const doubt = (number: number, provider: string) => attempt(number, provider, { outcome: "unknown" });

  it("is not planned once a report has told that a provider had the message: it ends as that report says", () => {
    const first = { outcome: "unknown", reportStatus: "undelivered", errorCode: "30003", errorMessage: "Unreachable" };
    const attempts = [
      attempt(1, "twilio", { ...first, outcome: "unknown", reportStatus: "undelivered" }),
      attempt(2, "plivo"),
    ];
    const ending = { attemptNumber: 2, provider: "plivo", result: tryLater };
    expect(foldSubmitResult(message(), attempts, ending, context)).toMatchObject({
      status: "undelivered",
      provider: "twilio",
      error: { code: "30003", message: "Unreachable" },
    });
  });

  it("leaves the error of the end that is shown: an answer that a report has disproved tells nothing", () => {
    const told = { reportStatus: "undelivered" as const, errorCode: "30003", errorMessage: "Unreachable" };
    const ending = { attemptNumber: 1, provider: "twilio", result: tryLater };
    const change = foldSubmitResult(message(), [attempt(1, "twilio", told)], ending, context);
    expect(change).toMatchObject({ status: "undelivered", error: { code: "30003" } });
    expect(change?.attempts).toEqual([{ number: 1, outcome: "unknown" }]);
  });

  it("that waits is given up when a report tells that a provider had the message", () => {
    const change = foldReport(message({ status: "queued" }), [doubt(1, "twilio")], report(1, "undelivered"));
    expect(change).toMatchObject({ status: "undelivered", error: { code: "UNDELIVERED" } });
    const two = [doubt(1, "twilio"), doubt(2, "plivo")];
    expect(foldReport(message({ status: "queued" }), two, report(1, "undelivered"))).toMatchObject({
      status: "unknown",
      error: { code: "OUTCOME_UNKNOWN" },
    });
  });

  it("is not planned for a message that one provider has refused for its number", () => {
    const open = [doubt(1, "twilio"), attempt(2, "plivo")];
    const invalid = { code: "21211", reason: "Invalid 'To'" };
    const late = { outcome: "rejected", scope: "recipient", error: invalid } as const;
    const ending = { attemptNumber: 1, provider: "twilio", result: late };
    expect(foldSubmitResult(message(), open, ending, context)).toMatchObject({
      status: "sending",
      attempts: [{ number: 1, outcome: "rejected", refusalScope: "recipient" }],
    });
    const stored = { outcome: "rejected", refusalScope: "recipient", errorCode: "21211", errorMessage: "Invalid 'To'" };
    const refused = attempt(1, "twilio", { ...stored, outcome: "rejected", refusalScope: "recipient" });
    const second = { attemptNumber: 2, provider: "plivo", result: tryLater };
    expect(foldSubmitResult(message(), [refused, attempt(2, "plivo")], second, context)).toMatchObject({
      status: "failed",
      error: { code: "21211" },
    });
    expect(foldSubmitResult(message({ status: "queued" }), [doubt(1, "twilio")], ending, context)).toMatchObject({
      status: "failed",
      error: { code: "21211" },
    });
  });

  it.each<[SmsType, number]>([
    ["otp", 3],
    ["alert", 3],
    ["transactional", 2],
    ["promotional", 2],
  ])(
    "is planned for %s until %i attempts may have arrived, and what certainly did not does not count",
    (smsType, most) => {
      expect(RESENDS_MAX[smsType]).toBe(most - 1);
      const refused = [attempt(1, "nexmo", { outcome: "try_later" }), attempt(2, "nexmo", { outcome: "try_later" })];
      for (let count = 1; count <= 4; count += 1) {
        const attempts = [...refused, ...Array.from({ length: count }, (_, place) => doubt(3 + place, "twilio"))];
        expect(attempts.filter(mayHaveArrived)).toHaveLength(count);
        const { status } = planNextTry(message({ smsType }), attempts, DOUBTFUL_END, context);
        expect(status).toBe(count < most ? "queued" : "failed");
      }
    },
  );

  it("goes back to a provider with an attempt in doubt only when nobody else suits", () => {
    const ending = { attemptNumber: 2, provider: "plivo", result: tryLater };
    const attempts = [doubt(1, "twilio"), attempt(2, "plivo")];
    // A new round has begun since: the first one is not among those that were asked in it.
    const third = foldSubmitResult(message({ tried: ["plivo"] }), attempts, ending, context);
    expect(third).toMatchObject({ status: "queued", plannedProvider: "nexmo", dueInMs: 0 });
    const pair = message({ providers: ["twilio", "plivo"], tried: ["plivo"] });
    expect(foldSubmitResult(pair, attempts, ending, context)).toMatchObject({ plannedProvider: "plivo", round: 2 });
    const alone = message({ providers: ["twilio"] });
    expect(planNextTry(alone, [doubt(1, "twilio")], DOUBTFUL_END, context)).toMatchObject({
      plannedProvider: "twilio",
    });
  });

  it("waits no longer for a provider that asks for a day than the provider itself is held", () => {
    const result = { ...tryLater, retryAfterMs: 86_400_000 };
    const only = message({ providers: ["twilio"] });
    const ending = { attemptNumber: 1, provider: "twilio", result };
    expect(foldSubmitResult(only, [attempt(1, "twilio")], ending, context)).toMatchObject({ dueInMs: HOLD_MAX_MS });
  });
});

describe("an acceptance that comes after the attempt was taken for not sent", () => {
  const denied = {
    outcome: "try_later" as AttemptOutcome,
    errorCode: "NOT_FOUND_AT_PROVIDER",
    errorMessage: "not there",
  };
  const accepted = { outcome: "accepted", providerMessageId: "SM1" } as const;
  const ending = { attemptNumber: 1, provider: "twilio", result: accepted };

  it("counts: the message is sent, and a waiting try is given up", () => {
    for (const status of ["queued", "sending"] as const) {
      const attempts = [attempt(1, "twilio", denied), ...(status === "queued" ? [] : [attempt(2, "plivo")])];
      expect(foldSubmitResult(message({ status }), attempts, ending, context)).toMatchObject({
        status: "sent",
        provider: "twilio",
        providerMessageId: "SM1",
        attempts: [{ number: 1, outcome: "accepted", errorCode: null, checkInMs: 45_000 }],
      });
    }
  });

  it("makes a double possible where another attempt was made", () => {
    const attempts = [attempt(1, "twilio", denied), attempt(2, "plivo", { outcome: "accepted" })];
    const sent = message({ status: "sent", providerMessageId: "plivo-2" });
    const change = foldSubmitResult(sent, attempts, ending, context);
    expect(change).toMatchObject({ status: "sent", possibleDouble: true, attempts: [{ outcome: "accepted" }] });
    expect(change).not.toHaveProperty("provider");
  });
});
