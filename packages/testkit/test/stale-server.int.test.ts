import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeWithOwn, openRunFolder, startRedis, waitFor } from "../src/index.ts";
import { identifySelf, writeRecord } from "../src/servers/server-record.ts";
import { expectNothingLeft, runningPartsOf, untilOwnerGone } from "./server-processes.ts";

describeWithOwn("redis", "a server left running by a killed run", () => {
  let root = "";
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), "sms-gateway-stale-"));
  });
  afterAll(async () => {
    await rm(root, { recursive: true, force: true });
  });

  test("is ended with its folder by the next run", async () => {
    const { runDir } = await killARun(root);
    const left = await runningPartsOf(join(runDir, "redis"));
    const folder = await openRunFolder(root);
    await expectNothingLeft(left);
    await expect(stat(runDir)).rejects.toThrow(/ENOENT/);
    await folder.remove();
  });

  test("is ended by the next start on its data folder", async () => {
    const { runDir } = await killARun(root);
    const left = await runningPartsOf(join(runDir, "redis"));
    const server = await startRedis({ dataDir: join(runDir, "redis") });
    await expectNothingLeft(left);
    await server.remove();
  });
});

describeWithOwn("redis", "the record of a server", () => {
  test("protects a process that was given the pid of a server that is gone", async () => {
    const dataDir = await mkdtemp(join(tmpdir(), "sms-gateway-pid-"));
    const stranger = spawn("sleep", ["600"]);
    await once(stranger, "spawn");
    const ownerGone = { pid: 2 ** 22 + 1, identity: "gone" };
    const stale = { pid: stranger.pid ?? 0, identity: "of a server that ended" };
    await writeRecord(dataDir, { owner: ownerGone, processes: [stale] });
    const server = await startRedis({ dataDir });
    expect(stranger.exitCode ?? stranger.signalCode).toBeNull();
    stranger.kill();
    await server.remove();
  });

  test("refuses a second server on a folder in use", async () => {
    const dataDir = await mkdtemp(join(tmpdir(), "sms-gateway-twice-"));
    const server = await startRedis({ dataDir });
    await expect(startRedis({ dataDir })).rejects.toThrow(
      `running on ${dataDir} already (pid ${(await runningPartsOf(dataDir)).processes[0]?.pid}, started by ${(await identifySelf()).pid})`,
    );
    await server.remove();
  });
});

async function killARun(root: string): Promise<{ runDir: string }> {
  const tsx = join(import.meta.dirname, "../../../node_modules/.bin/tsx");
  const program = join(import.meta.dirname, "killed-run.ts");
  const run = spawn(tsx, ["--conditions=@sms-gateway/source", program, root], {
    stdio: ["ignore", "pipe", "inherit"],
    detached: true,
  });
  let said = "";
  run.stdout.on("data", (chunk) => {
    said += chunk;
  });
  await waitFor(() => said.endsWith("\n"), { timeoutMs: 20_000, what: "the run to say where its server is" });
  // The whole group: tsx runs the program in a child of its own.
  process.kill(-(run.pid ?? 0), "SIGKILL");
  const runDir = said.trim();
  await untilOwnerGone(join(runDir, "redis"));
  return { runDir };
}
