import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findFreePort } from "@sms-gateway/embedded-postgres";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { awaitReady, startProgram, stopProcess } from "./local-process.ts";
import { type LocalProgram, listPrograms } from "./local-programs.ts";
import { OperatorError } from "./operator-error.ts";
import { listLiving, readRunRecord } from "./run-record.ts";

const START = { environment: {}, startedWith: { sources: "a", settings: {} } };
const SOON = () => AbortSignal.timeout(10_000);

let root: string;
let lab: LocalProgram;
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), "local-process-"));
  const [program] = listPrograms({ LAB_PORT: `${await findFreePort()}` });
  if (program === undefined) throw new Error("no program");
  lab = program;
});
afterEach(async () => {
  for (const record of await listLiving(root)) await stopProcess(root, record);
  rmSync(root, { recursive: true });
});

/** Puts a program in the place of the carrier lab's. */
function writeMain(text: string): void {
  const folder = join(root, "services/carrier-lab/dist");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "main.js"), text);
}

function answering(status: number): string {
  return `require("node:http").createServer((request, reply) => reply.writeHead(${status}).end("as it is"))
    .listen(${lab.ports[0]?.port}, "127.0.0.1");`;
}

// Far above what it takes, since a busy machine starts programs slowly.
describe("a program of the standalone shape", { timeout: 30_000 }, () => {
  test("is started in the background, known by its record, and stopped", async () => {
    writeMain(answering(200));
    const record = await startProgram(root, lab, START);
    await awaitReady(root, record, SOON());
    expect(await listLiving(root)).toEqual([record]);
    expect(await stopProcess(root, record)).toEqual({ killed: false });
    expect(await listLiving(root)).toEqual([]);
    expect(readRunRecord(root, "carrier-lab")).toBeUndefined();
  });

  test("that ends at its start is told with what it printed", async () => {
    writeMain(`console.error("LAB_TOKEN is wrong"); process.exit(1);`);
    const record = await startProgram(root, lab, START);
    const ready = awaitReady(root, record, SOON());
    await expect(ready).rejects.toThrow(/carrier-lab has ended.*\n {2}LAB_TOKEN is wrong/);
    await expect(ready).rejects.toBeInstanceOf(OperatorError);
  });

  test("that is not ready in time is told with what its address answers", async () => {
    writeMain(answering(503));
    const record = await startProgram(root, lab, START);
    await vi.waitFor(() => fetch(`${lab.readyUrls[0]}`), { timeout: 10_000 });
    await expect(awaitReady(root, record, AbortSignal.abort())).rejects.toThrow(
      `${lab.readyUrls[0]} answers 503 as it is`,
    );
  });

  test("keeps what its last run printed beside what this one prints", async () => {
    writeMain(`console.log("first");${answering(200)}`);
    const first = await startProgram(root, lab, START);
    await awaitReady(root, first, SOON());
    await stopProcess(root, first);
    writeMain(`console.log("second");${answering(200)}`);
    await awaitReady(root, await startProgram(root, lab, START), SOON());
    const read = (name: string): string => readFileSync(join(root, ".data/log", name), "utf8");
    expect([read("carrier-lab.out"), read("carrier-lab.out.1")]).toEqual(["second\n", "first\n"]);
  });

  test("is told the file of its log", async () => {
    writeMain(`console.log(process.env.LOG_FILE); ${answering(200)}`);
    await awaitReady(root, await startProgram(root, lab, START), SOON());
    const file = join(root, ".data/log/carrier-lab.log");
    expect(readFileSync(join(root, ".data/log/carrier-lab.out"), "utf8")).toBe(`${file}\n`);
  });
});
