import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { hasCode, identifySelf, type KnownProcess, stillAlive } from "@sms-gateway/embedded-postgres";
import { openDataFolder } from "./data-folders.ts";
import { isWithoutRoom, OperatorError } from "./operator-error.ts";

/**
 * Runs what starts, stops or deletes, one command at a time per checkout. A lock whose owner has died is taken over. On a
 * full disk what stops or deletes goes on without a lock.
 *
 * @throws OperatorError naming the command that is under way
 */
export async function withCommandLock<T>(root: string, command: string, run: () => Promise<T>): Promise<T> {
  const file = await takeLockIfRoom(root, command);
  try {
    return await run();
  } finally {
    if (file !== undefined) rmSync(file, { force: true });
  }
}

async function takeLockIfRoom(root: string, command: string): Promise<string | undefined> {
  try {
    const file = join(openDataFolder(root, "run"), "lock.json");
    await takeLock(file, command);
    return file;
  } catch (error) {
    if (command === "up" || !isWithoutRoom(error)) throw error;
    console.log("The disk is full, so this goes on without a lock: run no other command meanwhile.");
    return undefined;
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
    // Made, but without a word in it.
    if (isWithoutRoom(error)) rmSync(file, { force: true });
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
