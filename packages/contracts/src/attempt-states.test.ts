import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  ATTEMPT_OUTCOMES,
  type AttemptProgress,
  deriveMessageState,
  isAllowedTransition,
  isFinalReport,
  type MessageState,
  mayBeDouble,
  REPORT_STATUSES,
  type ReportStatus,
  reportAdvances,
  settledOutcome,
  type TransitionCause,
} from "./index.ts";

const OPEN: AttemptProgress = { outcome: null, reportStatus: null };
const inFlight = { retryPlanned: false, closed: false };
const closed = { retryPlanned: false, closed: true };

/** What reports make of one attempt, in the order in which they come. */
function fold(reports: readonly ReportStatus[]): ReportStatus | null {
  return reports.reduce<ReportStatus | null>((at, next) => (reportAdvances(at, next) ? next : at), null);
}

const report = fc.constantFrom(...REPORT_STATUSES);
const intermediate = REPORT_STATUSES.filter((status) => !isFinalReport(status));
const finals = REPORT_STATUSES.filter(isFinalReport);

describe("the reports of an attempt", () => {
  test("once delivered stay delivered", () => {
    for (const status of REPORT_STATUSES) expect(reportAdvances("delivered", status)).toBe(false);
  });

  test("end delivered in any order if one of them says so", () => {
    fc.assert(
      fc.property(
        fc.array(report),
        fc.array(report),
        (before, after) => fold([...before, "delivered", ...after]) === "delivered",
      ),
    );
  });

  test("change nothing when they are repeated", () => {
    fc.assert(
      fc.property(fc.array(report), (reports) => {
        const twice = reports.flatMap((status) => [status, status]);
        expect(fold(twice)).toBe(fold(reports));
        expect(fold([...reports, ...reports.filter((status) => !isFinalReport(status))])).toBe(fold(reports));
      }),
    );
  });

  test("with at most one end come to the same in any order", () => {
    const one = fc.tuple(fc.array(fc.constantFrom(...intermediate)), fc.option(fc.constantFrom(...finals)));
    fc.assert(
      fc.property(
        one.chain(([before, end]) => {
          const all = end === null ? before : [...before, end];
          return fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }));
        }),
        ([reports, shuffled]) => fold(shuffled) === fold(reports),
      ),
    );
  });

  test("that say unknown give way to any other end, in any order", () => {
    for (const end of finals) expect([fold(["unknown", end]), fold([end, "unknown"])]).toEqual([end, end]);
  });

  test("never go back from an end to something in between", () => {
    fc.assert(
      fc.property(fc.array(report), report, (reports, next) => {
        const at = fold(reports);
        if (at !== null && isFinalReport(at) && !isFinalReport(next)) expect(reportAdvances(at, next)).toBe(false);
      }),
    );
  });
});

describe("the status of a message", () => {
  test.each<[string, AttemptProgress[], { retryPlanned: boolean; closed: boolean }, MessageState]>([
    ["is sending while its attempt is open", [OPEN], inFlight, "sending"],
    ["is sent once a provider has accepted it", [{ outcome: "accepted", reportStatus: null }], inFlight, "sent"],
    ["stays sent by reports in between", [{ outcome: "accepted", reportStatus: "queued" }], inFlight, "sent"],
    [
      "is failed when it was refused and no retry is planned",
      [{ outcome: "rejected", reportStatus: null }],
      inFlight,
      "failed",
    ],
    [
      "is queued while a retry is planned",
      [{ outcome: "try_later", reportStatus: null }],
      { retryPlanned: true, closed: false },
      "queued",
    ],
    [
      "stays sending when a report outruns the answer",
      [{ outcome: null, reportStatus: "queued" }],
      inFlight,
      "sending",
    ],
    ["is delivered when that report says so", [{ outcome: null, reportStatus: "delivered" }], inFlight, "delivered"],
    ["is sending while an outcome is unknown", [{ outcome: "unknown", reportStatus: null }], inFlight, "sending"],
    [
      "is queued while it waits to be sent once more after an unknown outcome",
      [{ outcome: "unknown", reportStatus: null }],
      { retryPlanned: true, closed: false },
      "queued",
    ],
    [
      "is unknown when the second of two tries was not delivered and nobody knows of the first",
      [
        { outcome: "unknown", reportStatus: null },
        { outcome: "accepted", reportStatus: "undelivered" },
      ],
      inFlight,
      "unknown",
    ],
    [
      "is sent when a report proves what the provider had denied",
      [{ outcome: "try_later", reportStatus: "sent" }],
      { retryPlanned: true, closed: false },
      "sent",
    ],
    [
      "is undelivered when only that is known, though another try was planned",
      [{ outcome: "unknown", reportStatus: "undelivered" }],
      { retryPlanned: true, closed: false },
      "undelivered",
    ],
    ["is unknown when such a message is closed", [{ outcome: "unknown", reportStatus: null }], closed, "unknown"],
    [
      "is sent when a report proves an unanswered submit",
      [{ outcome: "unknown", reportStatus: "sent" }],
      closed,
      "sent",
    ],
    [
      "is delivered when any attempt is",
      [{ outcome: "rejected", reportStatus: "delivered" }, OPEN],
      inFlight,
      "delivered",
    ],
    [
      "is sent while one attempt is with a carrier and another has failed",
      [
        { outcome: "accepted", reportStatus: "failed" },
        { outcome: "accepted", reportStatus: null },
      ],
      inFlight,
      "sent",
    ],
    [
      "never ends failed beside an unknown attempt",
      [
        { outcome: "rejected", reportStatus: null },
        { outcome: "unknown", reportStatus: null },
      ],
      closed,
      "unknown",
    ],
    [
      "prefers undelivered to failed",
      [
        { outcome: "rejected", reportStatus: null },
        { outcome: "accepted", reportStatus: "undelivered" },
      ],
      closed,
      "undelivered",
    ],
    [
      "prefers failed to expired",
      [
        { outcome: "accepted", reportStatus: "expired" },
        { outcome: "accepted", reportStatus: "failed" },
      ],
      closed,
      "failed",
    ],
    ["is failed without any attempt", [], inFlight, "failed"],
  ])("%s", (_fact, attempts, outlook, state) => {
    expect(deriveMessageState(attempts, outlook)).toBe(state);
  });

  const progress = fc.record({
    outcome: fc.option(fc.constantFrom(...ATTEMPT_OUTCOMES)),
    reportStatus: fc.option(report),
  });
  const outlook = fc.record({ retryPlanned: fc.boolean(), closed: fc.boolean() });

  test("does not depend on the order of its attempts", () => {
    fc.assert(
      fc.property(
        fc
          .array(progress, { maxLength: 5 })
          .chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }))),
        outlook,
        ([attempts, shuffled], at) => deriveMessageState(shuffled, at) === deriveMessageState(attempts, at),
      ),
    );
  });

  test("never ends failed, expired or canceled beside an attempt of unknown outcome", () => {
    fc.assert(
      fc.property(fc.array(progress), fc.boolean(), (others, isClosed) => {
        const at = { retryPlanned: false, closed: isClosed };
        const state = deriveMessageState([...others, { outcome: "unknown", reportStatus: null }], at);
        expect(["delivered", "sent", "sending", "unknown"]).toContain(state);
        const again = deriveMessageState([...others, { outcome: "unknown", reportStatus: null }], {
          ...at,
          retryPlanned: true,
        });
        // `unknown` where a provider had accepted another attempt: the try that was planned is given up.
        expect(["delivered", "sent", "sending", "queued", "unknown"]).toContain(again);
      }),
    );
  });
});

/*
 * A message's life as the worker leads it: it claims, the provider answers (an outcome, late ones too), reports come in
 * any order and for any attempt. A refused attempt is followed by another while the message has none in flight, one of
 * unknown outcome perhaps as well.
 */
type Step =
  | { readonly kind: "claim" }
  | {
      readonly kind: "answer";
      readonly attempt: number;
      readonly outcome: (typeof ATTEMPT_OUTCOMES)[number];
      readonly retry: boolean;
    }
  | { readonly kind: "report"; readonly attempt: number; readonly status: ReportStatus }
  | { readonly kind: "resend" }
  | { readonly kind: "deadline" };

interface Life {
  state: MessageState;
  attempts: AttemptProgress[];
  isClosed: boolean;
}

const attemptNumber = fc.integer({ min: 0, max: 3 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Step>({ kind: "claim" }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("answer" as const),
      attempt: attemptNumber,
      outcome: fc.constantFrom(...ATTEMPT_OUTCOMES),
      retry: fc.boolean(),
    }),
  },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("report" as const), attempt: attemptNumber, status: report }) },
  { weight: 2, arbitrary: fc.constant<Step>({ kind: "resend" }) },
  { weight: 1, arbitrary: fc.constant<Step>({ kind: "deadline" }) },
);

/** Takes one step; returns the change of status that it asks for, if any. */
function take(life: Life, next: Step): { to: MessageState; cause: TransitionCause } | undefined {
  if (next.kind === "claim") {
    if (life.state !== "queued") return undefined;
    life.attempts.push(OPEN);
    return { to: "sending", cause: "claim" };
  }
  if (next.kind === "deadline") {
    // An open attempt is waited for: its answer, or the end of its lease, which is the answer `unknown`.
    if (life.isClosed || life.attempts.some(({ outcome }) => outcome === null)) return undefined;
    if (life.state !== "queued" && life.state !== "sending") return undefined;
    life.isClosed = true;
    const to = deriveMessageState(life.attempts, closed);
    return { to: life.state === "queued" && to === "failed" ? "expired" : to, cause: "deadline" };
  }
  if (next.kind === "resend") {
    const isAsked = life.attempts.some(({ outcome }) => outcome === null);
    const isInDoubt = life.attempts.at(-1)?.outcome === "unknown";
    return life.state === "sending" && !isAsked && isInDoubt && !life.isClosed
      ? { to: "queued", cause: "resolve" }
      : undefined;
  }
  const attempt = life.attempts[next.attempt];
  if (attempt === undefined) return undefined;
  let retryPlanned = life.state === "queued";
  if (next.kind === "answer") {
    // A report proves that the provider had taken it: an answer that denies it comes too late.
    const isProven = attempt.reportStatus !== null && attempt.reportStatus !== "unknown";
    if (isProven && next.outcome !== "accepted") return undefined;
    if (attempt.outcome !== null && (attempt.outcome !== "unknown" || next.outcome === "unknown")) return undefined;
    life.attempts[next.attempt] = { ...attempt, outcome: next.outcome };
    const isRefused = next.outcome === "try_later" || next.outcome === "rejected";
    const isAsked = life.attempts.some(({ outcome }) => outcome === null);
    retryPlanned ||= isRefused && next.retry && life.state === "sending" && !isAsked && !life.isClosed;
  } else {
    if (!reportAdvances(attempt.reportStatus, next.status)) return undefined;
    life.attempts[next.attempt] = { ...attempt, reportStatus: next.status };
  }
  const to = deriveMessageState(life.attempts, { retryPlanned, closed: life.isClosed });
  return { to, cause: next.kind === "answer" ? "submit" : "report" };
}

/**
 * What attempts, looked at alone, may ask for and the table holds back on purpose: a message that has ended although every
 * provider had refused it is corrected by the report that it was delivered, and by no lesser one.
 */
const HELD_BACK = ["expired", "failed"].flatMap((from) =>
  ["sent", "undelivered", "failed", "expired", "canceled", "unknown"].map((to) => `${from} > ${to}`),
);

describe("a message's life, step by step", () => {
  const lives = fc.array(step, { minLength: 1, maxLength: 25 });

  test("never asks to leave delivered, and what it asks is in the table", () => {
    fc.assert(
      fc.property(lives, (steps) => {
        const life: Life = { state: "queued", attempts: [], isClosed: false };
        for (const next of steps) {
          const change = take(life, next);
          if (change === undefined || change.to === life.state) continue;
          expect(life.state, JSON.stringify(next)).not.toBe("delivered");
          const { to, cause } = change;
          if (isAllowedTransition(life.state, to, cause)) life.state = to;
          else expect(HELD_BACK, `${life.state} > ${to} by ${cause}`).toContain(`${life.state} > ${to}`);
        }
      }),
      { numRuns: 3_000 },
    );
  });

  test("ends delivered whenever one report said so", () => {
    fc.assert(
      fc.property(lives, lives, (before, after) => {
        const life: Life = { state: "queued", attempts: [], isClosed: false };
        const steps: Step[] = [
          { kind: "claim" },
          ...before,
          { kind: "report", attempt: 0, status: "delivered" },
          ...after,
        ];
        for (const next of steps) {
          const change = take(life, next);
          if (change !== undefined && isAllowedTransition(life.state, change.to, change.cause)) life.state = change.to;
        }
        expect(life.state).toBe("delivered");
      }),
      { numRuns: 2_000 },
    );
  });
});

test("a report settles an unanswered submit, unless it says unknown itself", () => {
  for (const status of REPORT_STATUSES) {
    expect(settledOutcome("unknown", status)).toBe(status === "unknown" ? "unknown" : "accepted");
    expect(settledOutcome("try_later", status)).toBe(status === "unknown" ? "try_later" : "accepted");
    expect(settledOutcome("rejected", status)).toBe("rejected");
  }
  expect(settledOutcome("unknown", null)).toBe("unknown");
  expect(settledOutcome(null, null)).toBeNull();
  expect(settledOutcome(null, "sent")).toBeNull();
});

describe("a double", () => {
  const UNKNOWN: AttemptProgress = { outcome: "unknown", reportStatus: null };
  const REFUSED: AttemptProgress = { outcome: "try_later", reportStatus: null };
  const waits = { retryPlanned: true };
  const alone = { retryPlanned: false };

  test("is possible when two attempts may have arrived, or one may have and another try is planned", () => {
    expect(mayBeDouble([UNKNOWN], alone)).toBe(false);
    expect(mayBeDouble([UNKNOWN], waits)).toBe(true);
    expect(mayBeDouble([UNKNOWN, OPEN], alone)).toBe(true);
    expect(mayBeDouble([UNKNOWN, REFUSED], alone)).toBe(false);
  });

  test("is ruled out by refusals and by reports that it was not delivered", () => {
    expect(mayBeDouble([REFUSED, REFUSED], waits)).toBe(false);
    expect(mayBeDouble([{ outcome: "unknown", reportStatus: "undelivered" }], waits)).toBe(false);
    expect(mayBeDouble([{ outcome: "try_later", reportStatus: "sent" }], waits)).toBe(true);
  });
});
