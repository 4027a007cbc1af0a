import { describe, expect, it } from "vitest";
import { checkNames } from "./check-names.ts";
import { repositoryOf } from "./repository.ts";

const README = { "README.md": "The `packages/sms` folder holds pure functions only." };

function findingsIn(texts: Record<string, string>): readonly string[] {
  return checkNames(repositoryOf({ ...README, ...texts })).findings;
}

describe("checkNames", () => {
  it.each([
    "packages/sms/src/utils.ts",
    "packages/sms/src/common/a.ts",
    "packages/sms/src/number-helpers.ts",
    "lib/a.sql",
  ])("refuses the name of %s", (path) => {
    expect(findingsIn({ [path]: "" }).join()).toContain("named after nothing");
  });

  it("asks for a purpose line for each workspace folder, in a sentence or in a tree", () => {
    const texts = {
      "packages/sms/package.json": "{}",
      "services/worker/package.json": "{}",
      "packages/db/package.json": "{}",
    };
    const tree =
      "    services/\n      worker/   takes from the queue\n    packages/\n      amqp/  nothing at all here\n      db/\n";
    expect(findingsIn({ ...texts, "ARCHITECTURE.md": tree })).toEqual([
      "packages/db has no purpose line in ARCHITECTURE.md or README.md",
    ]);
  });

  it("says so when there is no page that could hold the purpose lines", () => {
    expect(checkNames(repositoryOf({})).findings).toEqual([
      "neither ARCHITECTURE.md nor README.md exists: no folder has its purpose line",
    ]);
  });

  it("asks for an issue number in open tasks, in TypeScript comments and in scripts", () => {
    const found = findingsIn({
      "packages/sms/src/a.ts": 'const text = "TODO";\n// TODO later\n// TODO #7 later\n',
      "packages/db/src/a.sql": "-- FIXME later\n",
    });
    expect(found.map((finding) => finding.split(" ")[0])).toEqual([
      "packages/sms/src/a.ts:2",
      "packages/db/src/a.sql:1",
    ]);
  });

  it("refuses empty verbs, wishes as test names, and tests in the wrong place", () => {
    const found = findingsIn({
      "packages/sms/src/a.ts": "export function handleMessage() {}\nexport function acceptMessage() {}\n",
      "packages/sms/src/a.test.ts": 'it("should count", () => {});',
      "packages/sms/src/b.int.test.ts": "",
      "packages/sms/test/c.test.ts": "",
    });
    expect(found).toHaveLength(4);
  });
});
