import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT } from "@sms-gateway/testkit";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ScenarioResult } from "../run-scenario.ts";
import { formatTable } from "./format-table.ts";
import { writeReport } from "./write-report.ts";

const LOCK_FILE = join(ROOT, "pnpm-lock.yaml");

const RESULT: ScenarioResult = {
  scenario: "kill-worker",
  shape: "docker",
  seed: 7,
  servers: ["Postgres 15"],
  messagesPerSecond: 200,
  ttlS: 600,
  commit: "c1",
  at: "2026-01-02T00:00:00.000Z",
  offered: 12,
  accepted: 11,
  delivered: 9,
  otherEnds: { expired: 1 },
  unknown: 1,
  refused: 1,
  unanswered: 0,
  explainedDoubles: 2,
  faults: [{ kind: "lost", request: 3, smsType: "otp", number: "+491", detail: "x" }],
  disturbances: [
    { fault: "kill", tookS: 1, recoveryS: 2.04 },
    { fault: "kill", tookS: 1, recoveryS: 8 },
    { fault: "kill", tookS: 1, recoveryS: 3 },
  ],
  quota: undefined,
  reads: undefined,
  loadS: 1,
  settleS: 1,
  reasons: {},
  problems: ["lost: request 3, +491: x"],
};

describe("the table", () => {
  test("has a line for each run", () => {
    const [, , row] = formatTable([RESULT]).split("\n");
    const cells = row?.split("|").map((cell) => cell.trim());
    const wanted = [
      "kill-worker",
      "7",
      "12",
      "11",
      "9",
      "1 expired",
      "1",
      "0",
      "2",
      "1",
      "1",
      "0",
      "1",
      "3.0, at most 8.0",
    ];
    expect(cells?.slice(1, -1)).toEqual(wanted);
  });

  test("tells where nothing recovered", () => {
    const disturbances = [{ fault: "kill", tookS: 1, recoveryS: undefined }];
    expect(formatTable([{ ...RESULT, disturbances }])).toContain("never");
  });
});

describe("the report", () => {
  let folder = "";
  let file = "";
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "sms-gateway-report-"));
    file = join(folder, "report.md");
    await mkdir(join(folder, "results"));
    await writeFile(join(folder, "results", "kill-worker-7.json"), JSON.stringify(RESULT));
    const older = { ...RESULT, seed: 6, at: "2026-01-01T00:00:00.000Z" };
    await writeFile(join(folder, "results", "kill-worker-6.json"), JSON.stringify(older));
    const run = { seed: 5, messages: 20, commit: "abc", node: "v24", settings: { messagesPerSecond: 300, ttlS: 60 } };
    await writeFile(join(folder, "long-5.json"), JSON.stringify({ ...run, pieces: [RESULT] }));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  test("replaces what stands between the marks, and nothing else", async () => {
    const marks = ["<!-- written by make chaos ARGS=--report -->", "<!-- end of what is written -->"] as const;
    await writeFile(file, `before\n${marks[0]}\nold\n${marks[1]}\nafter\n`);
    await writeReport({ folder, file, lockFile: LOCK_FILE });
    await writeReport({ folder, file, lockFile: LOCK_FILE });
    const text = await readFile(file, "utf8");
    expect(text).toMatch(/^before\n/);
    expect(text).toMatch(/\nafter\n$/);
    expect(text).not.toContain("old");
    expect(text).toContain("### Seed 5: 1 of 1 pieces are not clean, and unfinished (of 20 messages)");
    expect(text).toContain("Commit abc");
    expect(text).toContain("Postgres 15");
    expect(text).toMatch(/; fastify \d+\.\d+\.\d+, amqplib \d/);
    // Two of the scenario alone, of which one was not clean and is older, and one piece.
    expect(text.match(/\| kill-worker/g)).toHaveLength(3);
    expect(text).toContain("RATE_LIMIT_PER_SECOND=0");
    expect(text).toContain("200 messages per second with a time to live of 600 s");
  });

  test("says which package the lock file does not know", async () => {
    await writeFile(file, "<!-- written by make chaos ARGS=--report --><!-- end of what is written -->");
    const lockFile = join(folder, "lock.yaml");
    await writeFile(lockFile, "catalogs:\n  default:\n    fastify:\n      specifier: 1.0.0\n      version: 1.0.0\n");
    await expect(writeReport({ folder, file, lockFile })).rejects.toThrow("no version of amqplib");
  });

  test("says when the document has no place for it", async () => {
    await writeFile(file, "nothing\n");
    await expect(writeReport({ folder, file, lockFile: LOCK_FILE })).rejects.toThrow("has no place");
  });
});
