/** What came of reading a value; `problem` says what is wrong, without texts or numbers of persons. */
export type ReadResult<T> = { ok: true; value: T } | { ok: false; problem: string };
export type ReadValue<T> = (value: unknown) => ReadResult<T>;

/**
 * Reads values that processes of different versions exchange: during a rolling restart version n runs beside n-1.
 *
 * - A field that a reader does not know is ignored. So a field that every older reader can do without is no new version.
 * - Everything else is one: another meaning, a field that must be understood, one more value of a closed list.
 * - There is a reader per version, and the one before stays until no installation can have such values waiting. It makes
 *   today's form of yesterday's.
 * - A newer version than ours is none of our business: it is put aside with a problem that says so, and whoever
 *   publishes it once more after the upgrade has it read.
 *
 * @param readers by version; a value of our type that names no version is judged by the newest one's.
 */
export function createVersionReader<T>(type: string, readers: ReadonlyMap<number, ReadValue<T>>): ReadValue<T> {
  const oldest = Math.min(...readers.keys());
  const newest = Math.max(...readers.keys());
  return (value) => {
    const version = versionOf(type, value) ?? newest;
    const read = readers.get(version);
    if (read !== undefined) return read(value);
    const kind = version > newest ? "a newer" : "an older";
    const known = oldest === newest ? `version ${newest}` : `versions ${oldest} to ${newest}`;
    return { ok: false, problem: `/version ${version} of ${type} is ${kind} version; this process reads ${known}` };
  };
}

/** Small, so that it can be nobody's number: it is logged. */
const VERSION_MAX = 9999;

function versionOf(type: string, value: unknown): number | undefined {
  if (typeof value !== "object" || value === null || !("type" in value) || !("version" in value)) return undefined;
  const { version } = value;
  const isVersion = typeof version === "number" && Number.isInteger(version) && version >= 0 && version <= VERSION_MAX;
  return value.type === type && isVersion ? version : undefined;
}
