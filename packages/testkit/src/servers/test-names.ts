import { randomBytes } from "node:crypto";

/** A prefix for the Redis keys of one test file, so that files share a server in parallel. */
export function testKeyPrefix(): string {
  return `t${randomBytes(6).toString("hex")}:`;
}

/** A prefix for the exchanges and queues of one test file, likewise. */
export function testNamePrefix(): string {
  return `t${randomBytes(6).toString("hex")}.`;
}
