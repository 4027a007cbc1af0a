import { readFile } from "node:fs/promises";
import { relative } from "node:path";

type Counts = { readonly passed: number; readonly failed: number; readonly skipped: number };

/**
 * The last lines of a run, from the file that vitest's JSON reporter has written: each test that failed, then the counts.
 * Whoever sees only the end of a long log knows what to run again.
 */
export async function summarizeResults(path: string, root: string): Promise<string[]> {
  const report: unknown = JSON.parse(await readFile(path, "utf8"));
  const { passed, failed, skipped } = countTests(report);
  const failures = listFailures(report, root).map((failure) => `failed: ${failure}`);
  return [...failures, `${passed} passed, ${failed} failed, ${skipped} skipped`];
}

/** What failed, as `file: name`, files from `root`; a file that breaks before its first test by its name alone. */
export function listFailures(report: unknown, root: string): string[] {
  return readFiles(report).flatMap(({ name, status, assertionResults }) => {
    const file = relative(root, String(name));
    if (isBroken({ status, assertionResults })) return [file];
    return assertionResults.filter((test) => test.status === "failed").map((test) => `${file}: ${test.fullName}`);
  });
}

/**
 * Counts the tests of a report. A file that breaks before its first test counts as one failed: the reporter lists it
 * without tests, and it must not vanish from the sum.
 */
export function countTests(report: unknown): Counts {
  const tests = {
    passed: readCount(report, "numPassedTests"),
    failed: readCount(report, "numFailedTests"),
    skipped: readCount(report, "numPendingTests") + readCount(report, "numTodoTests"),
  };
  return { ...tests, failed: tests.failed + countBrokenFiles(report) };
}

function countBrokenFiles(report: unknown): number {
  return readFiles(report).filter(isBroken).length;
}

type FileResult = {
  readonly name: string;
  readonly status: string;
  readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
};

function isBroken({ status, assertionResults }: Pick<FileResult, "status" | "assertionResults">): boolean {
  return status === "failed" && assertionResults.length === 0;
}

function readFiles(report: unknown): readonly FileResult[] {
  if (typeof report !== "object" || report === null || !("testResults" in report)) return [];
  return Array.isArray(report.testResults) ? report.testResults : [];
}

function readCount(report: unknown, name: string): number {
  const count = typeof report === "object" && report !== null ? Reflect.get(report, name) : undefined;
  if (typeof count !== "number") throw new Error(`vitest's report has no number ${name}`);
  return count;
}
