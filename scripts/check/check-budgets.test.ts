import { expect, it } from "vitest";
import { checkBudgets } from "./check-budgets.ts";
import { repositoryOf } from "./repository.ts";

const PATH = "packages/sms/src/a.ts";

function linesOf(count: number): string {
  return "export const a = 1;\n".repeat(count);
}

it("refuses a file over its maximum and a percentile over its budget", () => {
  const { findings } = checkBudgets(repositoryOf({ [PATH]: linesOf(401) }));
  expect(findings).toEqual([
    `${PATH} has 401 lines, over 400`,
    `nine tenths of all files have up to 401 lines, the budget is below 200; largest: ${PATH} (401)`,
  ]);
});

it("counts neither tests nor constant tables", () => {
  const table = `export const CODES = {\n${"  A: 1,\n".repeat(500)}} as const satisfies object;\n`;
  expect(checkBudgets(repositoryOf({ [PATH]: table, "packages/sms/src/a.test.ts": linesOf(900) })).findings).toEqual(
    [],
  );
});

it("refuses long functions by their percentile, however they are written", () => {
  const body = "  step();\n".repeat(45);
  for (const text of [
    `function a() {\n${body}}\n`,
    `const a = () => {\n${body}};\n`,
    `class A {\n  a() {\n${body}}\n}\n`,
    `export const all = {\n  a() {\n${body}},\n};\n`,
  ]) {
    const { findings } = checkBudgets(repositoryOf({ [PATH]: text }));
    expect(findings).toHaveLength(1);
    expect(findings[0]).toMatch(/^nine tenths of all functions have up to 47 lines.* a \(47\)$/);
  }
});

it("refuses a public surface that does not fit on a screen", () => {
  const { findings } = checkBudgets(repositoryOf({ "packages/sms/src/index.ts": linesOf(81) }));
  expect(findings[0]).toContain("a public surface fits on a screen");
});
