import { randomInt } from "node:crypto";
import { createServer } from "node:net";

/**
 * Below the range that Linux (32768–60999) and macOS (49152–65535) take for outgoing connections. From inside that
 * range a client that keeps reconnecting to a stopped local server can be given the server's own port, connect to
 * itself, and block the server's return; the system's own choice (port 0) always lies inside.
 */
const FIRST_PORT = 20_000;
const LAST_PORT = 31_999;
const TRIES_MAX = 50;

/**
 * A TCP port of 127.0.0.1 that was free a moment ago, random so that parallel runs do not meet.
 * @param isAcceptable further says whether a port may be given out
 */
export async function findFreePort(isAcceptable?: (port: number) => Promise<boolean>): Promise<number> {
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const port = randomInt(FIRST_PORT, LAST_PORT + 1);
    if (isAcceptable !== undefined && !(await isAcceptable(port))) continue;
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
