import { expect, test } from "vitest";
import { countTests } from "./test-summary.ts";

const REPORT = { numPassedTests: 3, numFailedTests: 1, numPendingTests: 2, numTodoTests: 1 };

test("counts passed, failed, and what was skipped or left to do", () => {
  const testResults = [{ status: "failed", assertionResults: [{ status: "failed" }] }];
  expect(countTests({ ...REPORT, testResults })).toEqual({ passed: 3, failed: 1, skipped: 3 });
});

test("counts a file that breaks before its first test as one failed", () => {
  const testResults = [
    { status: "failed", assertionResults: [] },
    { status: "passed", assertionResults: [] },
  ];
  expect(countTests({ ...REPORT, testResults })).toEqual({ passed: 3, failed: 2, skipped: 3 });
});

test("refuses a report without counts", () => {
  expect(() => countTests({ testResults: [] })).toThrow("numPassedTests");
});
