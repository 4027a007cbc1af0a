import { statfs } from "node:fs/promises";
import { join } from "node:path";
import { hasCode } from "./process-table.ts";
import type { ServerHome } from "./server-home.ts";

/** Two pools of the standalone process, their listeners, a person with psql, and the server's own. */
const MAX_CONNECTIONS = 100;
/** Parallel queries of a dozen workers fit; containers have 64 MiB unless told otherwise, where such queries fail. */
const SHARED_MEMORY_BYTES_MIN = 256 * 1024 * 1024;
const LOG_FILE_MAX = "10MB";

/** The program and arguments that start the server: all that it is told, so that two are equal if these are. */
export async function serverCommand(home: ServerHome, port: number): Promise<readonly [string, ...string[]]> {
  const settings = { ...fixedSettings(home, port), dynamic_shared_memory_type: await chooseSharedMemory() };
  const args = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  return [join(home.programs, "postgres"), "-D", home.cluster, ...args];
}

function fixedSettings(home: ServerHome, port: number): Readonly<Record<string, string | number>> {
  return {
    listen_addresses: "127.0.0.1",
    port,
    // Socket paths are limited to 107 bytes, which a deep project folder exceeds; everybody connects by TCP.
    unix_socket_directories: "",
    // In the titles of its processes, by which those that outlive a killed postmaster are found.
    cluster_name: home.clusterName,
    max_connections: MAX_CONNECTIONS,
    shared_buffers: "128MB",
    jit: "off",
    timezone: "UTC",
    // What a confirmed message rests on, said here so that no default and no environment can weaken it.
    fsync: "on",
    full_page_writes: "on",
    synchronous_commit: "on",
    // macOS alone ends other ways of syncing in the drive's cache.
    ...(process.platform === "darwin" ? { wal_sync_method: "fsync_writethrough" } : {}),
    logging_collector: "on",
    log_directory: home.logs,
    log_filename: "%Y-%m-%d_%H%M%S.log",
    log_rotation_size: LOG_FILE_MAX,
    log_rotation_age: "1d",
    log_timezone: "UTC",
    log_checkpoints: "off",
    // No phone numbers and texts in logs: neither the failed statement nor the row of its error.
    log_min_error_statement: "panic",
    log_error_verbosity: "terse",
  };
}

/** POSIX shared memory is files in /dev/shm; where that is tiny, System V's, which has no such limit. */
async function chooseSharedMemory(): Promise<"posix" | "sysv"> {
  if (process.platform !== "linux") return "posix";
  try {
    const { blocks, bsize } = await statfs("/dev/shm");
    return blocks * bsize < SHARED_MEMORY_BYTES_MIN ? "sysv" : "posix";
  } catch (error) {
    if (hasCode(error, "ENOENT")) return "sysv";
    throw error;
  }
}
