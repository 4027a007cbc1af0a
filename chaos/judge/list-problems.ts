import { defaultPriority, type Lane, laneOf } from "@sms-gateway/contracts";
import type { ClientRequest } from "../load/run-clients.ts";
import type { ReadCount } from "../load/run-readers.ts";
import type { Disturbance, Excuse } from "../scenarios/scenario.ts";
import type { Fault, FaultKind, Verdict } from "./judge.ts";
import type { Books, QuotaCount } from "./judge-counters.ts";

export interface Outcome {
  readonly verdict: Verdict;
  readonly requests: readonly Pick<ClientRequest, "plan" | "promised" | "hung" | "why">[];
  readonly quota: QuotaCount | undefined;
  readonly books: Books;
  readonly reads: ReadCount;
  readonly disturbances: readonly Disturbance[];
}

/** Faults that some disturbances excuse. */
const EXCUSABLE: Readonly<Partial<Record<FaultKind, Excuse>>> = { failed: "failed", left_unknown: "unknown" };

/** Everything in a run's outcome that must not be, one line each; empty when the run is clean. */
export function listProblems(outcome: Outcome): string[] {
  const { verdict, books, reads, disturbances } = outcome;
  const excuses = new Set(disturbances.flatMap((disturbance) => disturbance.excuses ?? []));
  // A deleted message is a loss that the product has to notice: then, and only in that lane, it is explained.
  const gaps = new Set(excuses.has("deleted") ? books.missing.map(({ lane }) => lane) : []);
  const faults = verdict.faults.filter((fault) => {
    const excuse = EXCUSABLE[fault.kind];
    return !(excuse !== undefined && excuses.has(excuse)) && !isDeleted(fault, gaps);
  });
  return [
    ...faults.map(({ kind, request, number, detail }) => `${kind}: request ${request}, ${number}: ${detail}`),
    ...listImbalances(outcome, { excuses, gaps }),
    ...reads.wrong,
    ...listUnserved(outcome, excuses),
    ...listUnrecovered(disturbances),
  ];
}

interface Explained {
  readonly excuses: ReadonlySet<Excuse>;
  readonly gaps: ReadonlySet<Lane>;
}

function listImbalances({ books, quota }: Outcome, { excuses, gaps }: Explained): string[] {
  const problems: string[] = [];
  // What is missing is explained; what has arrived must balance all the same.
  if (gaps.size === 0 ? !books.balanced : books.difference !== 0) {
    problems.push(`the accounting does not balance: ${books.text}`);
  }
  if (quota !== undefined && !isPlausible(quota, excuses.has("quota"))) {
    problems.push(`the quota counts ${quota.used}, and ${quota.atLeast} to ${quota.atMost} were accepted`);
  }
  return problems;
}

/** Clients who did everything right and were left alone. */
function listUnserved({ verdict, requests, reads, disturbances }: Outcome, excuses: ReadonlySet<Excuse>): string[] {
  const problems: string[] = [];
  const left = requests.filter(({ plan, promised }) => plan.manners === "good" && promised.length === 0);
  if (left.length > 0) {
    const reasons = [...new Set(left.map(({ why }) => why))].join(", ");
    problems.push(`${left.length} good clients gave up without a promise: ${reasons}`);
  }
  const hung = requests.reduce((sum, request) => sum + request.hung, reads.hung);
  if (hung > 0 && !excuses.has("hang")) problems.push(`${hung} requests were taken and never answered`);
  if (disturbances.length > 0) return problems;
  if (reads.answered < reads.asked) {
    problems.push(`nothing was broken, and ${reads.asked - reads.answered} of ${reads.asked} reads were not answered`);
  }
  if (verdict.delivered < verdict.offered || verdict.explainedDoubles > 0) {
    problems.push("nothing was broken, and yet not every message was delivered once");
  }
  return problems;
}

function listUnrecovered(disturbances: readonly Disturbance[]): string[] {
  return disturbances.flatMap(({ fault, recoveryS, failure }) => [
    ...(failure === undefined ? [] : [`${fault}: ${failure}`]),
    ...(recoveryS === undefined ? [`${fault}: no message arrived afterwards`] : []),
  ]);
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
