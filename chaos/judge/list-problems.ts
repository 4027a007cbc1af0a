import { defaultPriority, type Lane, laneOf } from "@sms-gateway/contracts";
import type { ReadCount } from "../load/run-readers.ts";
import type { Disturbance, Loss } from "../scenarios/scenario.ts";
import type { Fault, Verdict } from "./judge.ts";
import type { Books, QuotaCount } from "./judge-counters.ts";

export interface Outcome {
  readonly verdict: Verdict;
  readonly quota: QuotaCount | undefined;
  readonly books: Books;
  readonly reads: ReadCount;
  readonly disturbances: readonly Disturbance[];
}

/** Everything in a run's outcome that must not be, one line each; empty when the run is clean. */
export function listProblems({ verdict, quota, books, reads, disturbances }: Outcome): string[] {
  const isTaken = (loss: Loss): boolean => disturbances.some(({ takes }) => takes === loss);
  // A deleted message is a loss that the product has to notice: then, and only in that lane, it is explained.
  const gaps = new Set(isTaken("messages") ? books.missing.map(({ lane }) => lane) : []);
  const faults = verdict.faults.filter((fault) => {
    // Carriers that refuse again and again use tries up; and where something broke, nobody may know what became of a submit.
    if (fault.kind === "failed") return !isTaken("submits");
    if (fault.kind === "left_unknown") return disturbances.length === 0;
    return !isDeleted(fault, gaps);
  });
  const problems = faults.map(
    ({ kind, request, number, detail }) => `${kind}: request ${request}, ${number}: ${detail}`,
  );
  if (!books.balanced && gaps.size === 0) problems.push(`the accounting does not balance: ${books.text}`);
  if (quota !== undefined && !isPlausible(quota, isTaken("quota"))) {
    problems.push(`the quota counts ${quota.used}, and ${quota.atLeast} to ${quota.atMost} were accepted`);
  }
  problems.push(...reads.wrong);
  if (disturbances.length === 0 && reads.answered < reads.asked) {
    problems.push(`nothing was broken, and ${reads.asked - reads.answered} of ${reads.asked} reads were not answered`);
  }
  if (disturbances.length === 0 && (verdict.delivered < verdict.offered || verdict.explainedDoubles > 0)) {
    problems.push("nothing was broken, and yet not every message was delivered once");
  }
  for (const { fault, recoveryS, failure } of disturbances) {
    if (failure !== undefined) problems.push(`${fault}: ${failure}`);
    if (recoveryS === undefined) problems.push(`${fault}: no message arrived afterwards`);
  }
  return problems;
}

/** Promised and never recorded, in a lane of which groups are missing. */
function isDeleted({ kind, smsType, detail }: Fault, gaps: ReadonlySet<Lane>): boolean {
  return (
    kind === "lost" &&
    detail.endsWith("not recorded") &&
    smsType !== null &&
    gaps.has(laneOf(smsType, defaultPriority(smsType)))
  );
}

function isPlausible({ used, atLeast, atMost }: QuotaCount, isForgotten: boolean): boolean {
  return used <= atMost && (isForgotten || used >= atLeast);
}
