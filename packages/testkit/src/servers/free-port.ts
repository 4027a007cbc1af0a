import { randomInt } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { hasCode } from "./process-table.ts";
import { readTestServersConfig } from "./test-servers-config.ts";

/**
 * Below the range that Linux (32768–60999) and macOS (49152–65535) take for outgoing connections. From inside that
 * range a client that keeps reconnecting to a stopped local server can be given the server's own port, connect to
 * itself, and block the server's return; the system's own choice (port 0) always lies inside.
 */
const FIRST_PORT = 20_000;
const LAST_PORT = 31_999;
const TRIES_MAX = 50;

/**
 * A TCP port of 127.0.0.1 that was free a moment ago, random so that parallel runs do not meet. Within one run of the
 * suite no port is given out twice: a server may take seconds until it listens, or be stopped for a while, and its port
 * looks free meanwhile.
 */
export async function findFreePort(): Promise<number> {
  const { runDir } = readTestServersConfig();
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const port = randomInt(FIRST_PORT, LAST_PORT + 1);
    if (runDir !== undefined && !(await claimPort(runDir, port))) continue;
    if (await isPortFree(port)) return port;
  }
  throw new Error(`no free port found between ${FIRST_PORT} and ${LAST_PORT} in ${TRIES_MAX} tries`);
}

/** Whether nobody listens on that port of 127.0.0.1. */
export function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", (error) => {
      if ("code" in error && error.code === "EADDRINUSE") resolve(false);
      else reject(error);
    });
    probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(true)));
  });
}

/** One file per port in the run's folder, with which it goes. */
async function claimPort(runDir: string, port: number): Promise<boolean> {
  const folder = join(runDir, "ports");
  await mkdir(folder, { recursive: true });
  try {
    await writeFile(join(folder, String(port)), "", { flag: "wx" });
    return true;
  } catch (error) {
    if (hasCode(error, "EEXIST")) return false;
    throw error;
  }
}
