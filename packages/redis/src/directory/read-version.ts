/** The version as stored, or undefined when there is none. Throws a `TypeError` when it is no whole number. */
export function readVersion(stored: string | null): number | undefined {
  if (stored === null) return undefined;
  const version = Number(stored);
  if (!Number.isSafeInteger(version)) throw new TypeError(`the directory's version is ${JSON.stringify(stored)}`);
  return version;
}
