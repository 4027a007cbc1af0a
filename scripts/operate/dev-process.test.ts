import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type SourceProcess, startFromSources } from "./dev-process.ts";

const SOON = { timeout: 10_000 };

let root: string;
let service: SourceProcess | undefined;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "dev-process-"));
});
afterEach(async () => {
  await service?.stop();
  vi.restoreAllMocks();
  rmSync(root, { recursive: true });
});

/** Puts a program in the place of tsx, which has a service of its own and says when that has ended in order. */
async function startWatched(): Promise<SourceProcess> {
  const program = join(root, "node_modules/.bin/tsx");
  mkdirSync(join(root, "node_modules/.bin"), { recursive: true });
  const inService = `process.on("SIGTERM", () => { fs.writeFileSync("ended", ""); process.exit(0); });
    fs.writeFileSync("ready", ""); setInterval(() => {}, 1000);`;
  writeFileSync(
    program,
    `#!/usr/bin/env node
const service = require("node:child_process").spawn(process.execPath, ["-e", ${JSON.stringify(inService)}]);
process.on("SIGTERM", () => service.kill("SIGTERM"));
service.on("exit", () => process.exit(0));`,
  );
  chmodSync(program, 0o755);
  const started = startFromSources(root, "gateway", process.env);
  await vi.waitFor(() => expect(existsSync(join(root, "ready"))).toBe(true), SOON);
  return started;
}

function hasEndedInOrder(): boolean {
  return existsSync(join(root, "ended"));
}

describe("a service that runs from its sources", { timeout: 30_000 }, () => {
  test("is stopped in order by way of tsx", async () => {
    service = await startWatched();
    await service.stop();
    expect(hasEndedInOrder()).toBe(true);
  });

  test("is stopped in order when tsx was killed, which is told", async () => {
    const log = vi.spyOn(console, "log").mockReturnValue();
    service = await startWatched();
    if (service.pid !== undefined) process.kill(service.pid, "SIGKILL");
    await vi.waitFor(() => expect(log).toHaveBeenCalledWith(expect.stringContaining("has ended (SIGKILL)")), SOON);
    await service.stop();
    expect(hasEndedInOrder()).toBe(true);
  });
});
