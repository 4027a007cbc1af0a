import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { endStaleServer, removeServer, writeRecord } from "./server-record.ts";

const OWNER_GONE = { pid: 2 ** 22 + 1, identity: "gone" };
const NO_ENGINE = "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?";

let folder = "";
let dataDir = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sms-gateway-record-"));
  dataDir = join(folder, "server");
  await writeRecord(dataDir, { owner: OWNER_GONE, processes: [], container: "sms-test-1" });
  vi.spyOn(process.stderr, "write").mockReturnValue(true);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  await rm(folder, { recursive: true, force: true });
});

/** A `docker` that fails with these words. */
async function failWith(words: string): Promise<void> {
  await writeFile(join(folder, "docker"), `#!/bin/sh\necho "${words}" >&2\nexit 1\n`, { mode: 0o755 });
  vi.stubEnv("PATH", folder);
}

test.each([
  ["says that there is no engine", () => failWith(NO_ENGINE)],
  ["is not there", async () => void vi.stubEnv("PATH", folder)],
])("an abandoned container holds up nothing when docker %s", async (_case, prepare) => {
  await prepare();
  await endStaleServer(dataDir, "SIGTERM");
  await removeServer(dataDir);
  await expect(stat(dataDir)).rejects.toThrow(/ENOENT/);
  expect(process.stderr.write).toHaveBeenCalledWith(expect.stringContaining("sms-test-1"));
});

test("a container that its engine does not remove keeps its record", async () => {
  await failWith("permission denied");
  await expect(removeServer(dataDir)).rejects.toThrow(/permission denied/);
  expect((await stat(dataDir)).isDirectory()).toBe(true);
  expect(process.stderr.write).not.toHaveBeenCalled();
});
