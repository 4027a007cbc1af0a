/** `make import FILE=…`: reads what `make export` has written into a new installation, all of it or nothing. */
import { createReadStream } from "node:fs";
import { resolve } from "node:path";
import { importData } from "@sms-gateway/db";
import { explainFileError, useInstallationDatabase } from "./operate/installation-database.ts";
import { rememberedMode } from "./operate/mode.ts";
import { OperatorError, runCommand } from "./operate/operator-error.ts";

const ROOT = resolve(import.meta.dirname, "..");
const [file, ...others] = process.argv.slice(2);

await runCommand(async () => {
  if (file === undefined || others.length > 0) {
    throw new OperatorError("Name the file to read: make import FILE=sms.dump");
  }
  const consumesQueue = rememberedMode(ROOT) === "standalone";
  const tables = await useInstallationDatabase(ROOT, (db) =>
    importData(db, createReadStream(file), { consumesQueue }),
  ).catch((error: unknown) => {
    throw explainFileError(error, `${file} cannot be read`);
  });
  const messages = tables.find(({ name }) => name === "messages")?.rows ?? 0;
  const total = tables.reduce((sum, { rows }) => sum + rows, 0);
  console.log(`Read ${file}: ${messages} messages, ${total} rows in all. What runs has taken the clients and keys over;
accounts of providers follow the settings again after the next start of the worker.`);
  return 0;
});
