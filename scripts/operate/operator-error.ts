import { resolve } from "node:path";
import { hasCode } from "@sms-gateway/embedded-postgres";
import { explainForeignOwner } from "./foreign-owner.ts";

const ROOT = resolve(import.meta.dirname, "../..");

/** What was asked cannot be done. The message is for people: what is wrong, and what to do. */
export class OperatorError extends Error {
  override readonly name = "OperatorError";
}

/**
 * Runs a command to its end: its number is the exit code. An `OperatorError` is printed as it is, with code 1, and so is
 * what the file system refuses. In a checkout that another user runs it does not begin.
 */
export async function runCommand(command: () => Promise<number>): Promise<void> {
  try {
    const foreign = explainForeignOwner(ROOT, process.getuid?.());
    if (foreign !== undefined) throw new OperatorError(foreign);
    process.exitCode = await command();
  } catch (error) {
    const message = explainError(error);
    if (message === undefined) throw error;
    console.error(message);
    process.exitCode = 1;
  }
}

/** Whether the file system has no room for what was to be written. */
export function isWithoutRoom(error: unknown): boolean {
  return hasCode(error, "ENOSPC", "EDQUOT");
}

/** What to tell people about an error; undefined for a fault of our own, whose stack is needed. */
function explainError(error: unknown): string | undefined {
  if (error instanceof OperatorError) return error.message;
  if (!(error instanceof Error)) return undefined;
  if (isWithoutRoom(error)) return `The disk is full: ${error.message}`;
  if (hasCode(error, "EACCES", "EPERM", "EROFS")) return `This user may not do that: ${error.message}`;
  return undefined;
}
