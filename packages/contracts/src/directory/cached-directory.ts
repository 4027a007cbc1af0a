import type { Directory } from "../ports/directory.ts";
import { createDirectoryCopy, type DirectorySource } from "./directory-copy.ts";

export interface CachedDirectoryOptions {
  /** How often the source is asked, in milliseconds. */
  readonly refreshEveryMs?: number;
}

/** A change reaches every gateway within 2 s (api.md section 6): worker and gateway compare once a second each. */
const REFRESH_EVERY_MS = 1_000;

/**
 * The port `Directory` over any source; every adapter is this and its own way of reading. States: *empty* (nothing read
 * yet) → *loaded* (a copy in memory, never given up again, only replaced). Trade: while the source is away or empty the
 * copy grows old instead of refusing everybody; a key revoked meanwhile still opens, but admits nothing, because
 * admission needs the same server.
 */
export function createCachedDirectory(
  source: DirectorySource,
  { refreshEveryMs = REFRESH_EVERY_MS }: CachedDirectoryOptions = {},
): Directory {
  let failure: string | undefined;
  let remark: string | undefined;
  const copy = createDirectoryCopy({
    read: async (present) => {
      try {
        const found = await source.read(present);
        failure = undefined;
        remark = found === "absent" ? "nothing is published" : undefined;
        return found;
      } catch (error) {
        // Reported by `health`; the next second tries again.
        failure = `cannot be read: ${error instanceof Error ? error.message : String(error)}`;
        return "unchanged";
      }
    },
  });
  // A tick during a slow read adds nothing.
  const tick = () => (copy.isReading() ? Promise.resolve() : copy.refresh());
  const timer = setInterval(() => void tick(), refreshEveryMs).unref();
  void tick();

  return {
    loaded: () => copy.snapshot() !== undefined,
    version: () => copy.snapshot()?.version ?? 0,
    findKey: copy.findKey,
    client: copy.client,
    providers: copy.providers,
    refresh: copy.refresh,
    health: () => describeHealth(copy.snapshot()?.version, failure, remark),
    close: async () => {
      clearInterval(timer);
    },
  };
}

function describeHealth(
  version: number | undefined,
  failure: string | undefined,
  remark: string | undefined,
): { ok: boolean; detail?: string } {
  const problem = failure ?? remark;
  if (version === undefined) return { ok: false, detail: problem ?? "not read yet" };
  if (problem === undefined) return { ok: true };
  return { ok: failure === undefined, detail: `${problem}; version ${version} is kept` };
}
