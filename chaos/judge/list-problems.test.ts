import { describe, expect, test } from "vitest";
import type { PlannedRequest } from "../load/plan-request.ts";
import { listProblems, type Outcome } from "./list-problems.ts";

const PLAN: PlannedRequest = {
  index: 4,
  smsType: "otp",
  numbers: ["+491"],
  text: "x",
  ttlS: 600,
  scheduleInS: undefined,
  manners: "good",
  tenant: "unlimited",
};

const CLEAN: Outcome = {
  requests: [],
  verdict: {
    offered: 2,
    accepted: 2,
    delivered: 2,
    otherEnds: {},
    unknown: 0,
    refused: 0,
    unanswered: 0,
    explainedDoubles: 0,
    faults: [],
  },
  quota: { used: 5, atLeast: 5, atMost: 6 },
  books: { balanced: true, difference: 0, missing: [], text: "[]" },
  reads: { asked: 3, answered: 3, unavailable: 0, unanswered: 0, hung: 0, wrong: [] },
  disturbances: [{ fault: "kill", tookS: 1, recoveryS: 2 }],
};

const LOST = {
  kind: "lost",
  request: 4,
  smsType: "otp",
  number: "+491",
  detail: "x was promised and is not recorded",
} as const;
const MISSING = { boot_id: "b", lane: "high", first: 1, last: 1, since: "2026-01-01T00:00:00Z" } as const;
const DELETED = { fault: "delete", excuses: ["deleted"], tookS: 1, recoveryS: 2 } as const;

describe("the problems of a run", () => {
  test("are none when all went well", () => {
    expect(listProblems(CLEAN)).toEqual([]);
  });

  test("are all faults of the verdict", () => {
    expect(listProblems({ ...CLEAN, verdict: { ...CLEAN.verdict, faults: [LOST] } })).toEqual([
      "lost: request 4, +491: x was promised and is not recorded",
    ]);
  });

  test("are reads that were answered wrongly, and any that was not answered while nothing was broken", () => {
    const reads = { ...CLEAN.reads, wrong: ["GET x: 404"] };
    expect(listProblems({ ...CLEAN, reads })).toEqual(["GET x: 404"]);
    expect(listProblems({ ...CLEAN, reads: { ...CLEAN.reads, answered: 2 }, disturbances: [] })).toEqual([
      "nothing was broken, and 1 of 3 reads were not answered",
    ]);
  });

  test("a loss is explained only when messages were deleted and the accounting shows it", () => {
    const verdict = { ...CLEAN.verdict, faults: [LOST] };
    const books = { balanced: false, difference: 0, missing: [MISSING], text: "[]" };
    expect(listProblems({ ...CLEAN, verdict, books, disturbances: [DELETED] })).toEqual([]);
    expect(listProblems({ ...CLEAN, verdict, disturbances: [DELETED] })).toHaveLength(1);
    expect(listProblems({ ...CLEAN, verdict, books })).toHaveLength(2);
    const elsewhere = { ...books, missing: [{ ...MISSING, lane: "bulk" }] } as const;
    expect(listProblems({ ...CLEAN, verdict, books: elsewhere, disturbances: [DELETED] })).toHaveLength(1);
  });

  test("what is delivered and never arrived is not explained by deleted messages", () => {
    const faults = [{ ...LOST, detail: "x is delivered, says the API" }];
    const books = { balanced: false, difference: 0, missing: [MISSING], text: "[]" };
    expect(listProblems({ ...CLEAN, verdict: { ...CLEAN.verdict, faults }, books, disturbances: [DELETED] })).toEqual([
      "lost: request 4, +491: x is delivered, says the API",
    ]);
  });

  test("failed and unknown messages are explained only by what may leave them", () => {
    const faults = [
      { ...LOST, kind: "failed", detail: "x" },
      { ...LOST, kind: "left_unknown", detail: "y" },
    ] as const;
    const verdict = { ...CLEAN.verdict, faults };
    const refusing = { fault: "carriers refuse", excuses: ["failed"], tookS: 1, recoveryS: 2 } as const;
    const killing = { fault: "kill", excuses: ["unknown"], tookS: 1, recoveryS: 2 } as const;
    expect(listProblems({ ...CLEAN, verdict, disturbances: [refusing, killing] })).toEqual([]);
    expect(listProblems({ ...CLEAN, verdict, disturbances: [killing] })).toEqual(["failed: request 4, +491: x"]);
    expect(listProblems({ ...CLEAN, verdict, disturbances: [refusing] })).toEqual(["left_unknown: request 4, +491: y"]);
  });

  test("are good clients without a promise, and those that were never answered unless somebody stood still", () => {
    const plan = { ...PLAN, manners: "good" } as const;
    const request = { plan, promised: [], hung: 1, why: "503 queue_unreachable" };
    expect(listProblems({ ...CLEAN, requests: [request] })).toEqual([
      "1 good clients gave up without a promise: 503 queue_unreachable",
      "1 requests were taken and never answered",
    ]);
    const frozen = { fault: "frozen", excuses: ["hang"], tookS: 1, recoveryS: 2 } as const;
    const promised = { ...request, promised: ["a"] };
    expect(listProblems({ ...CLEAN, requests: [promised], disturbances: [frozen] })).toEqual([]);
    expect(
      listProblems({ ...CLEAN, requests: [{ ...request, hung: 0, plan: { ...plan, manners: "careless" } }] }),
    ).toEqual([]);
    expect(listProblems({ ...CLEAN, reads: { ...CLEAN.reads, hung: 2 } })).toEqual([
      "2 requests were taken and never answered",
    ]);
  });

  test("what has arrived balances, also where something is missing", () => {
    const books = { balanced: false, difference: 1, missing: [MISSING], text: "[]" };
    expect(listProblems({ ...CLEAN, books, disturbances: [DELETED] })).toEqual(["the accounting does not balance: []"]);
  });

  test("where nothing was broken every message has to be delivered once", () => {
    const calm = { ...CLEAN, disturbances: [] };
    expect(listProblems(calm)).toEqual([]);
    expect(listProblems({ ...calm, verdict: { ...CLEAN.verdict, delivered: 1 } })).toHaveLength(1);
    expect(listProblems({ ...calm, verdict: { ...CLEAN.verdict, explainedDoubles: 1 } })).toHaveLength(1);
  });

  test("books that do not balance are one", () => {
    expect(listProblems({ ...CLEAN, books: { ...CLEAN.books, balanced: false } })).toHaveLength(1);
  });

  test("a quota that counts other than what was accepted is one, and too few are allowed where it was lost", () => {
    const tooFew = { used: 4, atLeast: 5, atMost: 6 };
    const redis = { fault: "lose", excuses: ["quota"], tookS: 1, recoveryS: 2 } as const;
    expect(listProblems({ ...CLEAN, quota: { used: 7, atLeast: 5, atMost: 6 } })).toHaveLength(1);
    expect(listProblems({ ...CLEAN, quota: tooFew })).toHaveLength(1);
    expect(listProblems({ ...CLEAN, quota: tooFew, disturbances: [redis] })).toEqual([]);
    expect(listProblems({ ...CLEAN, quota: undefined })).toEqual([]);
  });

  test("a fault that could not be made, or from which nothing recovered, is one", () => {
    const failed = { fault: "kill", tookS: 1, recoveryS: undefined, failure: "Error: no" };
    expect(listProblems({ ...CLEAN, disturbances: [failed] })).toEqual([
      "kill: Error: no",
      "kill: no message arrived afterwards",
    ]);
  });
});
