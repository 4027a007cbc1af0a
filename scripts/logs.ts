/** `make logs`, `make logs-b`: follows the log of gateway or worker until Ctrl-C. Usage: `scripts/logs.ts gateway|worker` */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { compose } from "./operate/docker.ts";
import { openLineReader } from "./operate/follow-file.ts";
import { logFilesOf } from "./operate/log-files.ts";
import { formatLogLine } from "./operate/log-line.ts";
import { rememberedMode } from "./operate/mode.ts";
import { OperatorError, runCommand } from "./operate/operator-error.ts";
import { listLiving } from "./operate/run-record.ts";

const ROOT = resolve(import.meta.dirname, "..");
const LINES_BEFORE = 200;
const LOOK_EVERY_MS = 200;

const [service = "gateway"] = process.argv.slice(2);
await runCommand(async () => {
  if (rememberedMode(ROOT) === "standalone") return followStandalone();
  compose("logs", "--follow", "--tail", String(LINES_BEFORE), service);
  return 0;
});

async function followStandalone(): Promise<number> {
  const files = Object.values(logFilesOf("standalone")).map((file) => join(ROOT, file));
  if (!files.some((file) => existsSync(file))) {
    throw new OperatorError('There is no log yet, since nothing has been started here: run "make up".');
  }
  if (!(await listLiving(ROOT)).some((record) => record.name === "standalone")) {
    console.log("It does not run. The last lines that it wrote, and from now on what it writes once it runs again:");
  }
  // A reader that has gone, as in `make logs | head`, ends this; so does Ctrl-C.
  process.stdout.on("error", () => process.exit(0));
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(0));
  // Lines of the process as a whole stand in both logs.
  const format = (line: string) => formatLogLine(line, [service, "standalone"]) ?? [];
  const readers = files.map(openLineReader);
  const readNew = () => readers.flatMap((reader) => reader.readNew()).flatMap(format);
  print(readNew().slice(-LINES_BEFORE));
  for (;;) {
    await wait(LOOK_EVERY_MS);
    print(readNew());
  }
}

function print(lines: readonly string[]): void {
  if (lines.length > 0) process.stdout.write(`${lines.join("\n")}\n`);
}
