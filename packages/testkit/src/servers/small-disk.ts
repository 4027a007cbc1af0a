import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, statfs, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { hasCode } from "@sms-gateway/embedded-postgres";

/** A file system of its own that can be full without harm to any other. */
export interface SmallDisk {
  readonly path: string;
  /** Writes until nothing more goes in. */
  fill(): Promise<void>;
  freeBytes(): Promise<number>;
  /** Takes away what `fill` wrote. */
  free(): Promise<void>;
  unmount(): Promise<void>;
}

const BLOCK_BYTES = 1024 * 1024;
const run = promisify(execFile);

/** Only root mounts, and only on Linux so. */
export function mayMountDisks(): boolean {
  return process.platform === "linux" && process.getuid?.() === 0;
}

/** Mounts one of so many MiB, in memory, below `parent`. Postgres' own files take about 90 of them. */
export async function mountSmallDisk(sizeMib: number, parent: string = tmpdir()): Promise<SmallDisk> {
  const path = await mkdtemp(join(parent, "sms-gateway-disk-"));
  await run("mount", ["-t", "tmpfs", "-o", `size=${sizeMib}m,mode=755`, "tmpfs", path]);
  const filler = join(path, "filler");
  return {
    path,
    async fill() {
      const block = Buffer.alloc(BLOCK_BYTES);
      for (let written = 0; written <= sizeMib; written += 1) {
        try {
          await writeFile(filler, block, { flag: "a" });
        } catch (error) {
          if (hasCode(error, "ENOSPC")) return;
          throw error;
        }
      }
      throw new Error("the small disk takes more than its size");
    },
    async freeBytes() {
      const { bavail, bsize } = await statfs(path);
      return bavail * bsize;
    },
    free: () => rm(filler),
    async unmount() {
      await run("umount", [path]);
      await rm(path, { recursive: true, force: true });
    },
  };
}

/** Unmounts what was mounted below a folder by somebody who has ended without doing so. */
export async function unmountBelow(folder: string): Promise<void> {
  if (!mayMountDisks()) return;
  const mounts = (await readFile("/proc/self/mounts", "utf8")).split("\n").map((line) => line.split(" ")[1] ?? "");
  for (const path of mounts.filter((mount) => mount.startsWith(`${folder}/`))) await run("umount", [path]);
}
