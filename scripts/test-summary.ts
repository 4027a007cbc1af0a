import { readFile } from "node:fs/promises";

type Counts = { readonly passed: number; readonly failed: number; readonly skipped: number };

/** The last line of a run, from the file that vitest's JSON reporter has written. */
export async function summarizeResults(path: string): Promise<string> {
  const { passed, failed, skipped } = countTests(JSON.parse(await readFile(path, "utf8")));
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
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
  if (typeof report !== "object" || report === null || !("testResults" in report)) return 0;
  if (!Array.isArray(report.testResults)) return 0;
  return report.testResults.filter((file) => file.status === "failed" && file.assertionResults?.length === 0).length;
}

function readCount(report: unknown, name: string): number {
  const count = typeof report === "object" && report !== null ? Reflect.get(report, name) : undefined;
  if (typeof count !== "number") throw new Error(`vitest's report has no number ${name}`);
  return count;
}
