import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { hasCode, identifySelf, type KnownProcess, stillAlive } from "@sms-gateway/embedded-postgres";
import { openDataFolder } from "./data-folders.ts";
import { OperatorError } from "./operator-error.ts";

/**
 * Runs what starts, stops or deletes, one command at a time per checkout. A lock whose owner has died is taken over.
 * @throws OperatorError naming the command that is under way
 */
export async function withCommandLock<T>(root: string, command: string, run: () => Promise<T>): Promise<T> {
  const file = join(openDataFolder(root, "run"), "lock.json");
  await takeLock(file, command);
  try {
    return await run();
  } finally {
    rmSync(file, { force: true });
  }
}

async function takeLock(file: string, command: string): Promise<void> {
  const owner = JSON.stringify({ ...(await identifySelf()), command });
  // The second try is for a lock whose owner has died; whoever loses the race for it is told so like anybody else.
  if (create(file, owner)) return;
  const holder = readHolder(file);
  if (holder === undefined || (await stillAlive([holder])).length === 0) {
    rmSync(file, { force: true });
    if (create(file, owner)) return;
  }
  throw new OperatorError(
    `"make ${holder?.command ?? "up"}" is under way${holder === undefined ? "" : ` (process ${holder.pid})`}: wait until it has ended.`,
  );
}

function create(file: string, text: string): boolean {
  try {
    writeFileSync(file, text, { flag: "wx", mode: 0o600 });
    return true;
  } catch (error) {
    if (hasCode(error, "EEXIST")) return false;
    throw error;
  }
}

function readHolder(file: string): (KnownProcess & { command: string }) | undefined {
  try {
    const holder = JSON.parse(readFileSync(file, "utf8"));
    return typeof holder?.pid === "number" && typeof holder.identity === "string" ? holder : undefined;
  } catch (error) {
    if (hasCode(error, "ENOENT") || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
