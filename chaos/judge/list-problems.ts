import type { Disturbance, Loss } from "../scenarios/scenario.ts";
import type { Verdict } from "./judge.ts";
import type { Books, QuotaCount } from "./judge-counters.ts";

export interface Outcome {
  readonly verdict: Verdict;
  readonly quota: QuotaCount | undefined;
  readonly books: Books;
  readonly disturbances: readonly Disturbance[];
}

/** Everything in a run's outcome that must not be, one line each; empty when the run is clean. */
export function listProblems({ verdict, quota, books, disturbances }: Outcome): string[] {
  // A deleted message is a loss that the product has to notice: then, and only then, it is explained.
  const isTaken = (loss: Loss): boolean => disturbances.some(({ takes }) => takes === loss);
  const isExplained = isTaken("messages") && books.missing.length > 0;
  const faults = verdict.faults.filter(
    ({ kind, detail }) => !(isExplained && kind === "lost" && detail.endsWith("not recorded")),
  );
  const problems = faults.map(
    ({ kind, request, number, detail }) => `${kind}: request ${request}, ${number}: ${detail}`,
  );
  if (!books.balanced && !isExplained) problems.push(`the accounting does not balance: ${books.text}`);
  if (quota !== undefined && !isPlausible(quota, isTaken("quota"))) {
    problems.push(`the quota counts ${quota.used}, and ${quota.atLeast} to ${quota.atMost} were accepted`);
  }
  for (const { fault, recoveryS, failure } of disturbances) {
    if (failure !== undefined) problems.push(`${fault}: ${failure}`);
    if (recoveryS === undefined) problems.push(`${fault}: no message arrived afterwards`);
  }
  return problems;
}

function isPlausible({ used, atLeast, atMost }: QuotaCount, isForgotten: boolean): boolean {
  return used <= atMost && (isForgotten || used >= atLeast);
}
