import { createInterface } from "node:readline/promises";
import { OperatorError } from "./operator-error.ts";
import { readShell } from "./shell-config.ts";

/** What is asked before something is deleted for good. */
export interface Question {
  readonly question: string;
  /** What to say when nobody says yes, without a full stop. */
  readonly refusal: string;
  /** The command, to name the one that does not ask. */
  readonly command: string;
}

/** Asks in the terminal, unless `FORCE=1`. @throws OperatorError when nobody says yes */
export async function confirm({ question, refusal, command }: Question): Promise<void> {
  if (readShell("FORCE") === "1") return;
  if (!process.stdin.isTTY) {
    throw new OperatorError(`${refusal}: there is no terminal to ask in. FORCE=1 ${command} does not ask.`);
  }
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    if ((await terminal.question(question)).trim() === "yes") return;
  } finally {
    terminal.close();
  }
  throw new OperatorError(`${refusal}.`);
}
