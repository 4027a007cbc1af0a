/* `make admin`, and with the word dlq first `make dlq`: the operator's commands. */
import { type Database, DatabaseUnavailableError, openDatabase } from "@sms-gateway/db";
import { SettingsError } from "@sms-gateway/runtime";
import { ADMIN_USAGE, parseAdminCommand, UsageError } from "./admin/parse-admin-command.ts";
import { DEAD_LETTER_USAGE, parseDeadLetterCommand } from "./admin/parse-dead-letter-command.ts";
import { AdminError, runAdminCommand } from "./admin/run-admin-command.ts";
import { runDeadLetterCommand } from "./admin/run-dead-letter-command.ts";
import { loadAdminSettings } from "./config.ts";

/** As in sysexits.h: the command line is wrong, the database is away, settings are wrong. 1: it could not be done. */
const EXIT_CODES = { usage: 64, unavailable: 69, config: 78, failed: 1 } as const;

const words = process.argv.slice(2);
const usage = words[0] === "dlq" ? DEAD_LETTER_USAGE : ADMIN_USAGE;

process.exitCode = await runAdmin();

async function runAdmin(): Promise<number> {
  if (words.includes("--help") || words.includes("help")) {
    process.stdout.write(usage);
    return 0;
  }
  try {
    const run = readCommand();
    const db = openDatabase({ url: loadAdminSettings().DATABASE_URL, poolMax: 1 });
    try {
      process.stdout.write(`${await run(db)}\n`);
    } finally {
      await db.close();
    }
    return 0;
  } catch (error) {
    return explainFailure(error);
  }
}

/** @throws UsageError */
function readCommand(): (db: Database) => Promise<string> {
  if (words[0] === "dlq") {
    const command = parseDeadLetterCommand(words.slice(1));
    return (db) => runDeadLetterCommand(db, command);
  }
  const command = parseAdminCommand(words);
  return (db) => runAdminCommand(db, command);
}

function explainFailure(error: unknown): number {
  const say = (text: string): boolean => process.stderr.write(`${text}\n`);
  if (error instanceof UsageError) {
    say(`${error.message}\n\n${usage}`);
    return EXIT_CODES.usage;
  }
  if (error instanceof SettingsError) {
    say(error.message);
    return EXIT_CODES.config;
  }
  if (error instanceof DatabaseUnavailableError) {
    say(`The database does not answer (${error.message}). Is it running, and does DATABASE_URL name it?`);
    return EXIT_CODES.unavailable;
  }
  say(error instanceof AdminError ? error.message : `It could not be done: ${String(error)}`);
  return EXIT_CODES.failed;
}
