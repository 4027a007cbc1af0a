import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test, vi } from "vitest";

const MAIN = fileURLToPath(new URL("../src/main.ts", import.meta.url));
const BOUND = { timeout: 20_000, interval: 20 };

async function startMain(settings: Record<string, string>) {
  const folder = await mkdtemp(join(tmpdir(), "carrier-lab-main-"));
  const args = ["--conditions=@sms-gateway/source", "--import", "tsx", MAIN];
  const env = { PATH: process.env.PATH, LAB_INBOX_FILE: join(folder, "inbox.jsonl"), LAB_PORT: "0", ...settings };
  const child = spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "pipe"] });
  const exited = once(child, "exit");
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => lines.push(line));
  createInterface({ input: child.stderr }).on("line", (line) => lines.push(line));
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await exited;
    await rm(folder, { recursive: true });
  });
  return { child, lines, readExitCode: async (): Promise<unknown> => (await exited)[0] };
}

function readAddress(lines: readonly string[]): string {
  const found = /"address":"(http:[^"]+)"/.exec(lines.join("\n"))?.[1];
  if (found === undefined) throw new Error("not listening yet");
  return found;
}

test("listens, answers, logs no secret and stops with 0 on SIGTERM", { timeout: 30_000 }, async () => {
  const { child, lines, readExitCode } = await startMain({ LAB_TOKEN: "a-token-for-this-test" });
  const address = await vi.waitFor(() => readAddress(lines), BOUND);
  expect((await fetch(`${address}/healthz`)).status).toBe(200);
  child.kill("SIGTERM");
  expect(await readExitCode()).toBe(0);
  expect(lines.join("\n")).not.toContain("a-token-for-this-test");
});

test("stays up and says that it is off where LAB=false", { timeout: 30_000 }, async () => {
  const { child, lines, readExitCode } = await startMain({ LAB: "false" });
  const address = await vi.waitFor(() => readAddress(lines), BOUND);
  expect((await fetch(`${address}/healthz`)).status).toBe(200);
  expect((await fetch(`${address}/lab/handsets/+12025550123`)).status).toBe(404);
  expect(lines.join("\n")).toContain("LAB=false");
  child.kill("SIGTERM");
  expect(await readExitCode()).toBe(0);
});

test("names bad settings and exits with 1", { timeout: 30_000 }, async () => {
  const { lines, readExitCode } = await startMain({ LAB_PORT: "lots" });
  expect(await readExitCode()).toBe(1);
  expect(lines.join("\n")).toContain("LAB_PORT");
});
