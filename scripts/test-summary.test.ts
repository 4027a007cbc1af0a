import { expect, test } from "vitest";
import { countTests, listFailures } from "./test-summary.ts";

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

test("names what failed, from the project's folder, and a broken file by itself", () => {
  const testResults = [
    {
      name: "/project/e2e/one.test.ts",
      status: "failed",
      assertionResults: [
        { fullName: "a message arrives", status: "failed" },
        { fullName: "a message waits", status: "passed" },
      ],
    },
    { name: "/project/e2e/broken.test.ts", status: "failed", assertionResults: [] },
    { name: "/project/e2e/good.test.ts", status: "passed", assertionResults: [] },
  ];
  expect(listFailures({ ...REPORT, testResults }, "/project")).toEqual([
    "e2e/one.test.ts: a message arrives",
    "e2e/broken.test.ts",
  ]);
});
