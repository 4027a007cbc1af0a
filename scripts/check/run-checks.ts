import type { Check, CheckReport } from "./check-report.ts";
import type { Repository } from "./repository.ts";

/** Two at a time: the tools among the checks use several cores by themselves. */
const CHECKS_AT_ONCE = 2;

/** Enough to see a pattern; a check's full list comes when it is asked for by name. */
const FINDINGS_SHOWN = 40;

export interface CheckPlan {
  /** Runs before all others. */
  readonly first: Check;
  readonly checks: readonly Check[];
}

/** Runs the checks, prints a line for each as it ends with its findings below, and returns how many failed. */
export async function runChecks(repository: Repository, plan: CheckPlan): Promise<number> {
  const startedMs = performance.now();
  const shown = plan.checks.length === 1 ? Number.POSITIVE_INFINITY : FINDINGS_SHOWN;
  const passed = [await runCheck(repository, plan.first, shown)];
  const waiting = [...plan.checks];
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      passed.push(await runCheck(repository, next, shown));
    }
  };
  await Promise.all(Array.from({ length: CHECKS_AT_ONCE }, work));
  const failed = passed.filter((ok) => !ok).length;
  console.log(`${passed.length - failed} passed, ${failed} failed (${formatSeconds(performance.now() - startedMs)})`);
  return failed;
}

async function runCheck(repository: Repository, check: Check, shown: number): Promise<boolean> {
  const startedMs = performance.now();
  const report = await reportOf(repository, check);
  const ok = report.findings.length === 0;
  const count = ok ? "" : `, ${report.findings.length} found`;
  const summary = report.summary === undefined ? "" : `  ${report.summary}`;
  console.log(
    `${ok ? "ok    " : "FAILED"} ${check.name.padEnd(9)} ${formatSeconds(performance.now() - startedMs)}${count}${summary}`,
  );
  for (const finding of report.findings.slice(0, shown)) console.log(`    ${finding}`);
  const hidden = report.findings.length - shown;
  if (hidden > 0) console.log(`    … and ${hidden} more (name the check to see all)`);
  return ok;
}

/** A check that throws has failed and says why; the others still run. */
async function reportOf(repository: Repository, check: Check): Promise<CheckReport> {
  try {
    return await check.run(repository);
  } catch (error) {
    return { findings: [`the check itself failed: ${error instanceof Error ? error.stack : String(error)}`] };
  }
}

function formatSeconds(ms: number): string {
  return `${(ms / 1000).toFixed(1).padStart(5)} s`;
}
