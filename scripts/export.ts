/** `make export FILE=…`: writes all data of this installation into one file, for a backup or for the other shape. */
import { existsSync, renameSync, rmSync, statSync } from "node:fs";
import { open } from "node:fs/promises";
import { resolve } from "node:path";
import { exportData, type TransferredTable } from "@sms-gateway/db";
import { explainFileError, useInstallationDatabase } from "./operate/installation-database.ts";
import { OperatorError, runCommand } from "./operate/operator-error.ts";
import { listLiving } from "./operate/run-record.ts";

const ROOT = resolve(import.meta.dirname, "..");
const [file, ...others] = process.argv.slice(2);

await runCommand(async () => {
  if (file === undefined || others.length > 0) {
    throw new OperatorError("Name the file to write: make export FILE=sms.dump");
  }
  if (existsSync(file)) throw new OperatorError(`${file} is there already: name another file.`);
  tellWhatWasWritten(file, await writeFile(file));
  if ((await listLiving(ROOT)).length > 0) {
    console.log(`It was written while it runs: messages that had not ended go on here, and would be sent by the file's next owner too.
As a backup that is right; to move, "make down" first and export again.`);
  }
  return 0;
});

/** What bears the name is whole, and on the disk. */
async function writeFile(name: string): Promise<TransferredTable[]> {
  const part = `${name}.part`;
  try {
    const opened = await open(part, "w", 0o600);
    const stream = opened.createWriteStream({ flush: true });
    const tables = await useInstallationDatabase(ROOT, (db) => exportData(db, stream));
    renameSync(part, name);
    return tables;
  } catch (error) {
    rmSync(part, { force: true });
    throw explainFileError(error, `${name} cannot be written`);
  }
}

function tellWhatWasWritten(name: string, tables: readonly TransferredTable[]): void {
  const rows = (table: string): number => tables.find((known) => known.name === table)?.rows ?? 0;
  const total = tables.reduce((sum, table) => sum + table.rows, 0);
  const megabytes = (statSync(name).size / 1e6).toFixed(1);
  console.log(`Wrote ${name}: ${rows("messages")} messages, ${total} rows in all, ${megabytes} MB.
It holds texts and phone numbers in the clear: keep it as safe as the database. The secrets in .env belong to it.`);
  const queued = rows("queue_groups");
  if (queued === 0) return;
  console.log(`${queued} groups of messages were accepted and not yet recorded. They are in the file, but only the standalone
shape goes on with them: to move to Docker, wait until they are recorded and export again.`);
}
