import { spawn } from "node:child_process";
import { type FileHandle, open } from "node:fs/promises";
import { hasCode } from "./process-table.ts";
import { SERVER_ENVIRONMENT } from "./server-user.ts";

/**
 * A shared lock on a folder (flock(2)), which lives as long as any process that has its descriptor open: its holder,
 * and whoever inherits the descriptor. The kernel keeps it, across containers and pid namespaces, and ends it with the
 * last of them, however that ends.
 */
export type FolderLock = {
  /** To be inherited by those for whose life the lock shall last. */
  readonly fd: number;
  close(): Promise<void>;
};

type Outcome = "got" | "held" | "unknown";

/** Others hold it alone only for the moment in which they look whether it is free. */
const WAIT_S = 5;
/** Of util-linux, which every Linux that the embedded programs run on brings, but for the barest containers. */
const PROGRAM = "flock";
const PROGRAM_TIMEOUT_MS = 10_000;
/** flock(1): the status of a lock that is held by somebody else. */
const IS_HELD_STATUS = 1;

/** Takes the lock together with any others who want it; undefined where the system offers none. */
export async function shareFolderLock(folder: string): Promise<FolderLock | undefined> {
  if (process.platform !== "linux") return undefined;
  const handle = await open(folder, "r");
  let outcome: Outcome = "unknown";
  try {
    outcome = await lock(handle, ["--shared", "--wait", `${WAIT_S}`]);
  } finally {
    if (outcome !== "got") await handle.close();
  }
  if (outcome === "got") return { fd: handle.fd, close: () => handle.close() };
  if (outcome === "unknown") return undefined;
  throw new Error(`${folder} is locked by a program that is not part of this gateway (flock)`);
}

/** Whether any process has that lock; `unknown` where the system cannot tell. */
export async function askFolderLock(folder: string): Promise<"held" | "free" | "unknown"> {
  if (process.platform !== "linux") return "unknown";
  const handle = await open(folder, "r");
  try {
    const outcome = await lock(handle, ["--exclusive", "--nonblock"]);
    return outcome === "got" ? "free" : outcome;
  } finally {
    await handle.close();
  }
}

/** Node has no flock of its own, but a lock that flock(1) takes on an inherited descriptor outlasts that program. */
function lock(handle: FileHandle, how: readonly string[]): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(PROGRAM, [...how, "3"], {
      env: { ...SERVER_ENVIRONMENT },
      stdio: ["ignore", "ignore", "ignore", handle.fd],
      timeout: PROGRAM_TIMEOUT_MS,
    });
    child.once("error", (error) => (hasCode(error, "ENOENT") ? resolve("unknown") : reject(error)));
    child.once("exit", (status) => {
      if (status === 0) resolve("got");
      // Other failures: a file system without such locks.
      else resolve(status === IS_HELD_STATUS ? "held" : "unknown");
    });
  });
}
