/** `make reset`: stops everything and deletes the data of the shape, after asking; `FORCE=1` does not ask. */
import { existsSync, rmSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { withCommandLock } from "./operate/command-lock.ts";
import { confirm } from "./operate/confirm.ts";
import { DATA_FOLDER } from "./operate/data-folders.ts";
import { compose } from "./operate/docker.ts";
import { readServiceEnvironment } from "./operate/env-file.ts";
import { forgetMode, type Mode, rememberedMode } from "./operate/mode.ts";
import { runCommand } from "./operate/operator-error.ts";
import { databaseFolder, deleteDatabase } from "./operate/standalone-database.ts";
import { stopStandalone } from "./operate/stop-standalone.ts";

const ROOT = resolve(import.meta.dirname, "..");

await runCommand(() =>
  withCommandLock(ROOT, "reset", async () => {
    const mode = rememberedMode(ROOT);
    const folders = mode === "standalone" ? listDataFolders() : [];
    if (readServiceEnvironment(ROOT).DATABASE_URL !== undefined) {
      console.log("The database of DATABASE_URL is not touched: empty it yourself.");
    }
    if (mode === "standalone" && folders.length === 0) {
      console.log("There is no data to delete.");
      return 0;
    }
    const what = mode === "docker" ? "the volumes of Docker Compose" : folders.map(nameOf).join(", ");
    console.log(`This stops everything and deletes for good: all messages, clients and keys (${what}).`);
    await confirm({
      question: 'Type "yes" to delete it: ',
      refusal: "Nothing was deleted",
      command: "make reset",
    });
    await deleteData(mode);
    console.log(
      "Deleted. The secrets in .env stay, and fit new data as well; for new ones delete .env before make up.",
    );
    return 0;
  }),
);

function listDataFolders(): string[] {
  return [databaseFolder(ROOT), ...listOwnFolders()].filter((folder) => existsSync(folder));
}

/** Unlike the folder of the database, which a setting names, they hold nothing of anybody else's. */
function listOwnFolders(): string[] {
  return ["lab", "log"].map((name) => join(ROOT, DATA_FOLDER, name));
}

async function deleteData(mode: Mode): Promise<void> {
  await stopStandalone(ROOT);
  if (mode === "docker") compose("down", "--volumes");
  else {
    // First, for on a full disk deleting the database needs the room of a small file.
    for (const folder of listOwnFolders()) rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
    await deleteDatabase(databaseFolder(ROOT));
  }
  forgetMode(ROOT);
}

function nameOf(folder: string): string {
  const name = relative(ROOT, folder);
  return name.startsWith("..") ? folder : name;
}
