import { chown, open, readFile, rename } from "node:fs/promises";
import { dirname } from "node:path";
import { syncFolder } from "./create-cluster.ts";
import { hasCode } from "./process-table.ts";
import type { ServerUser } from "./server-user.ts";

/** Writes a private file (0600) that is either the old one or whole, whatever happens, and outlasts a power loss. */
export async function writeDurably(path: string, text: string, owner: ServerUser | undefined): Promise<void> {
  const aside = `${path}.new`;
  const file = await open(aside, "w", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  // To whom the data belongs, so that this user can start it too.
  if (owner !== undefined) await chown(aside, owner.uid, owner.gid);
  await rename(aside, path);
  await syncFolder(dirname(path));
}

/** The text of such a file without its last line break; undefined where there is none. */
export async function readDurable(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, "utf8")).trimEnd();
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}
