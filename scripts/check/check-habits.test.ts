import { describe, expect, it } from "vitest";
import { checkHabits } from "./check-habits.ts";
import { repositoryOf } from "./repository.ts";

function findingsIn(text: string, path = "packages/sms/src/a.ts"): readonly string[] {
  return checkHabits(repositoryOf({ [path]: text })).findings;
}

describe("checkHabits", () => {
  it.each([
    ["try { a(); } catch {}", "swallows an error (empty catch)"],
    ["try { a(); } catch (error) { /* fine */ }", "swallows an error (empty catch)"],
    ["a().catch(() => {});", "swallows an error (.catch"],
    ["a().catch(() => undefined);", "swallows an error (.catch"],
    ["a().catch(function () {});", "swallows an error (.catch"],
    ["a().then(undefined, () => null);", "swallows an error (.then"],
    ["const a = b as string;", "casts outside a parser"],
    ["const a = <string>b;", "casts outside a parser"],
    ["// @ts-expect-error: no\na();", "switches a check off"],
  ])("refuses %s", (text, complaint) => {
    const found = findingsIn(text);
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(complaint);
  });

  it.each([
    "try { a(); } catch (error) { log(error); }\nb().catch((error) => log(error));",
    "a().then(b, () => undefined);",
    "const a = [1] as const;",
    "function parseRow(row: unknown) { return [row].map((r) => r as string); }",
    "const parseRow = (row: unknown) => row as string;",
  ])("allows %s", (text) => {
    expect(findingsIn(text)).toEqual([]);
  });

  it.each(["skip", "only", "todo"])("refuses it.%s in a test", (modifier) => {
    const found = findingsIn(`it.${modifier}("keeps a fact", () => {});`, "packages/sms/src/a.test.ts");
    expect(found).toEqual([`packages/sms/src/a.test.ts:1 switches tests off (it.${modifier})`]);
  });

  it("refuses a switched-off lint rule wherever it is", () => {
    expect(findingsIn(`// ${["biome", "ignore"].join("-")} lint: no\na();`, "e2e/a.test.ts")).toHaveLength(1);
  });

  it("refuses the paths of one machine in any file, and very large files", () => {
    const found = checkHabits(
      repositoryOf({ "a.md": `see ${["", "work", "x"].join("/")}`, "b.csv": "x".repeat(500_001) }),
    );
    expect(found.findings).toHaveLength(2);
  });
});
