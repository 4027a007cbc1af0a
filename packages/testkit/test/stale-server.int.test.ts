import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hasServerPrograms, openRunFolder, readTestServersConfig, startRedis, waitFor } from "../src/index.ts";
import { writeRecord } from "../src/servers/server-record.ts";
import { expectNothingLeft, runningPartsOf, untilOwnerGone } from "./server-processes.ts";

const hasPrograms = hasServerPrograms("redis", readTestServersConfig().path);

describe.runIf(hasPrograms)("a server left running by a killed run", () => {
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

describe.runIf(hasPrograms)("the record of a server", () => {
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
});

async function killARun(root: string): Promise<{ runDir: string }> {
  const tsx = join(import.meta.dirname, "../../../node_modules/.bin/tsx");
  const program = fileURLToPath(new URL("./killed-run.ts", import.meta.url));
  const run = spawn(tsx, ["--conditions=@sms-gateway/source", program, root], {
    stdio: ["ignore", "pipe", "inherit"],
    detached: true,
  });
  let said = "";
  run.stdout.on("data", (chunk) => {
    said += chunk;
  });
  await waitFor(() => said.endsWith("\n"), { what: "the run to say where its server is" });
  // The whole group: tsx runs the program in a child of its own.
  process.kill(-(run.pid ?? 0), "SIGKILL");
  const runDir = said.trim();
  await untilOwnerGone(join(runDir, "redis"));
  return { runDir };
}
