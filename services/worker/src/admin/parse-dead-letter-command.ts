import { parseArgs } from "node:util";
import { UsageError } from "./parse-admin-command.ts";

/** Everything `make dlq` can do. */
export type DeadLetterCommand =
  | { readonly name: "list"; readonly queue: string | null; readonly limit: number }
  | { readonly name: "show"; readonly id: string }
  | {
      readonly name: "requeue" | "discard";
      readonly which: { readonly ids: readonly string[] } | { readonly all: true; readonly queue?: string };
    };

/** How `make dlq` is used. */
export const DEAD_LETTER_USAGE = `Usage: make dlq                     lists the dead letters, newest first
       make dlq ARGS='<command>'

  list [--queue <name>] [--limit <1-500>]      50 unless given
  show <id>                                    one of them, with more of its masked payload
  requeue <id>... | all [--queue <name>]       gives them back to their queues
  discard <id>... | all [--queue <name>]       deletes them for good

The worker that runs here does it, logs it and counts it; the command waits for that.
`;

const OPTIONS = { queue: { type: "string" }, limit: { type: "string" } } as const;

const LIMIT_MAX = 500;
const LIMIT_DEFAULT = 50;

/** Reads the words behind `make dlq`. @throws UsageError that says what is wrong with them. */
export function parseDeadLetterCommand(words: readonly string[]): DeadLetterCommand {
  const { positionals, values } = readWords(words);
  const [name = "list", ...args] = positionals;
  if (values.limit !== undefined && name !== "list") throw new UsageError(`${name} has no option --limit.`);
  switch (name) {
    case "list":
      if (args.length > 0) throw new UsageError(`list: "${args.join(" ")}" is too much.`);
      return { name, queue: values.queue ?? null, limit: readLimit(values.limit) };
    case "show": {
      const [id, ...others] = args;
      if (values.queue !== undefined) throw new UsageError("show has no option --queue.");
      if (id === undefined || others.length > 0) throw new UsageError("show: give one id; the list shows them.");
      return { name, id };
    }
    case "requeue":
    case "discard":
      return { name, which: readChoice(name, args, values.queue) };
    default:
      throw new UsageError(`There is no command "${name}".`);
  }
}

function readChoice(name: string, args: readonly string[], queue: string | undefined) {
  if (args.length === 0) throw new UsageError(`${name}: give ids, or all.`);
  if (!args.includes("all")) {
    if (queue !== undefined) throw new UsageError("--queue goes only with all.");
    return { ids: [...new Set(args)] };
  }
  if (args.length > 1) throw new UsageError(`${name}: give either ids or all.`);
  return { all: true, ...(queue === undefined ? {} : { queue }) } as const;
}

function readLimit(written: string | undefined): number {
  if (written === undefined) return LIMIT_DEFAULT;
  const limit = Number(written);
  if (/^\d{1,9}$/.test(written) && limit >= 1 && limit <= LIMIT_MAX) return limit;
  throw new UsageError(`--limit must be a whole number from 1 to ${LIMIT_MAX}.`);
}

function readWords(words: readonly string[]) {
  try {
    return parseArgs({ args: [...words], options: OPTIONS, allowPositionals: true, strict: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
