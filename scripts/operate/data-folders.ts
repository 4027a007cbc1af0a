import { mkdirSync } from "node:fs";
import { join } from "node:path";

/** Everything that a run of this project writes lies below it, as a path in the checkout. */
export const DATA_FOLDER = ".data";

/** Makes the folder for records of running processes, or for their logs, and returns its path. For the owner alone. */
export function openDataFolder(root: string, name: "run" | "log"): string {
  // On its own: the embedded Postgres may run as another user, who has to get through here to its folder.
  mkdirSync(join(root, DATA_FOLDER), { recursive: true });
  const folder = join(root, DATA_FOLDER, name);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
}
