import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { findFreePort as findAnyFreePort, hasCode } from "@sms-gateway/embedded-postgres";
import { readTestServersConfig } from "./test-servers-config.ts";

/**
 * A TCP port of 127.0.0.1 that was free a moment ago, random so that parallel runs do not meet. Within one run of the
 * suite no port is given out twice: a server may take seconds until it listens, or be stopped for a while, and its port
 * looks free meanwhile.
 */
export function findFreePort(): Promise<number> {
  const { runDir } = readTestServersConfig();
  return findAnyFreePort(async (port) => runDir === undefined || (await claimPort(runDir, port)));
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
