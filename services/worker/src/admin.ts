/* `make admin`: the operator's commands, on the same actions as the management API that will follow. */
import { DatabaseUnavailableError, openDatabase } from "@sms-gateway/db";
import { SettingsError } from "@sms-gateway/runtime";
import { ADMIN_USAGE, parseAdminCommand, UsageError } from "./admin/parse-admin-command.ts";
import { AdminError, runAdminCommand } from "./admin/run-admin-command.ts";
import { loadAdminSettings } from "./config.ts";

/** As in sysexits.h: the command line is wrong, the database is away, settings are wrong. 1: it could not be done. */
const EXIT_CODES = { usage: 64, unavailable: 69, config: 78, failed: 1 } as const;

process.exitCode = await runAdmin(process.argv.slice(2));

async function runAdmin(words: readonly string[]): Promise<number> {
  if (words.includes("--help") || words.includes("help")) {
    process.stdout.write(ADMIN_USAGE);
    return 0;
  }
  try {
    const command = parseAdminCommand(words);
    const db = openDatabase({ url: loadAdminSettings().DATABASE_URL, poolMax: 1 });
    try {
      process.stdout.write(`${await runAdminCommand(db, command)}\n`);
    } finally {
      await db.close();
    }
    return 0;
  } catch (error) {
    return explainFailure(error);
  }
}

function explainFailure(error: unknown): number {
  const say = (text: string): boolean => process.stderr.write(`${text}\n`);
  if (error instanceof UsageError) {
    say(`${error.message}\n\n${ADMIN_USAGE}`);
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
