import { randomBytes } from "node:crypto";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Below every id. */
export const NIL_UUID = "00000000-0000-0000-0000-000000000000";

/** Whether Postgres reads this as a uuid, in the one spelling that we write. */
export function isUuid(value: string): boolean {
  return UUID.test(value);
}

/** The smallest UUID whose first 48 bits are this time (milliseconds since 1970): no UUIDv7 of that time is below it. */
export function firstIdAt(timeMs: number): string {
  const time = Math.min(Math.max(0, timeMs), 2 ** 48 - 1)
    .toString(16)
    .padStart(12, "0");
  return `${time.slice(0, 8)}-${time.slice(8, 12)}-0000-0000-000000000000`;
}

/** A new UUIDv7 of this time (milliseconds since 1970), for what is not a message: clients and keys. */
export function makeRandomId(timeMs: number): string {
  const time = firstIdAt(timeMs).slice(0, 13);
  const random = randomBytes(10);
  // Version 7 and the variant of RFC 9562.
  random[0] = 0x70 | ((random[0] ?? 0) & 0x0f);
  random[2] = 0x80 | ((random[2] ?? 0) & 0x3f);
  const hex = random.toString("hex");
  return `${time}-${hex.slice(0, 4)}-${hex.slice(4, 8)}-${hex.slice(8)}`;
}
