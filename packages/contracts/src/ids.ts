import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";

/**
 * Ids that carry a proof of issue (architecture.md section 4). One request has one seed: 48 bits of time and 80 random
 * bits, as 32 hex digits. Each of its messages gets a UUIDv7:
 *
 *   48 bits  time of the seed, milliseconds
 *   12 bits  rand_a: low 12 bits of the recipient's index
 *   16 bits  check over (client, time, rand_a) under ID_SECRET
 *   46 bits  HMAC of (seed, index) under ID_SECRET
 *
 * So the ids of a request can be rebuilt from its reservation, and any process that knows ID_SECRET can tell an id that
 * was issued to this client from any other (with 1 : 65 536 odds of a false yes), without shared memory.
 */
const CHECK_MASK = 0xffff;

/** A new seed for a request that is accepted at `timeMs` (milliseconds since 1970). */
export function makeSeed(timeMs: number): string {
  return timeMs.toString(16).padStart(12, "0") + randomBytes(10).toString("hex");
}

/** When the seed's request was accepted, in milliseconds since 1970. */
export function seedTimeMs(seed: string): number {
  return Number.parseInt(seed.slice(0, 12), 16);
}

/** The id of the message for the recipient at `index` (0-based) of the request with this seed. */
export function makeMessageId(secret: string, clientId: string, seed: string, index: number): string {
  const randA = index & 0xfff;
  return assembleId(
    seed,
    randA,
    messageCheck(secret, clientId, seed.slice(0, 12), randA),
    hmac(secret, `m:${seed}:${index}`),
  );
}

/**
 * The id of the batch (one request's messages together). Never mistaken for a message's id: it carries the complement of
 * the check that a message would have in its place.
 */
export function makeBatchId(secret: string, clientId: string, seed: string): string {
  const check = messageCheck(secret, clientId, seed.slice(0, 12), 0) ^ CHECK_MASK;
  return assembleId(seed, 0, check, hmac(secret, `b:${seed}`));
}

/** The ids of one request: its batch's, and its messages' in the order of the recipients. */
export interface RequestIds {
  readonly batchId: string;
  readonly messageIds: readonly string[];
}

/** All ids of a request with `count` recipients. Each costs two HMACs (a few microseconds), so make them once and share them. */
export function makeRequestIds(secret: string, clientId: string, seed: string, count: number): RequestIds {
  return {
    batchId: makeBatchId(secret, clientId, seed),
    messageIds: Array.from({ length: count }, (_, index) => makeMessageId(secret, clientId, seed, index)),
  };
}

/** Whether this is a message id that was issued to this client. `false` for anything that is not a UUIDv7. */
export function isIssuedMessageId(secret: string, clientId: string, id: string): boolean {
  const parts = parseId(id);
  if (parts === undefined) return false;
  const expected = messageCheck(secret, clientId, parts.timeHex, parts.randA);
  return timingSafeEqual(twoBytes(parts.check), twoBytes(expected));
}

/** The time inside a UUIDv7, in milliseconds since 1970; `undefined` when `id` is no UUIDv7. */
export function idTimeMs(id: string): number | undefined {
  const parts = parseId(id);
  return parts === undefined ? undefined : Number.parseInt(parts.timeHex, 16);
}

const UUID_V7 = /^([0-9a-f]{8})-([0-9a-f]{4})-7([0-9a-f]{3})-([89ab][0-9a-f]{3})-([0-9a-f]{12})$/i;

function parseId(id: string): { timeHex: string; randA: number; check: number } | undefined {
  const match = UUID_V7.exec(id);
  if (match === null) return undefined;
  const [, high = "", low = "", randA = "", variant = "", node = ""] = match;
  // The check's 16 bits sit behind the 2 variant bits: 14 of them in this group, 2 at the top of the next.
  const check = ((Number.parseInt(variant, 16) & 0x3fff) << 2) | (Number.parseInt(node.slice(0, 1), 16) >> 2);
  return { timeHex: (high + low).toLowerCase(), randA: Number.parseInt(randA, 16), check };
}

function assembleId(seed: string, randA: number, check: number, random: Buffer): string {
  const variantGroup = (0x8000 | (check >> 2)).toString(16);
  // 46 bits of the HMAC: 6 bytes, of which the top two bits make room for the check's last two.
  const node = Buffer.from(random.subarray(0, 6));
  node[0] = ((node[0] ?? 0) & 0x3f) | ((check & 3) << 6);
  const time = `${seed.slice(0, 8)}-${seed.slice(8, 12)}`;
  return `${time}-7${randA.toString(16).padStart(3, "0")}-${variantGroup}-${node.toString("hex")}`;
}

function messageCheck(secret: string, clientId: string, timeHex: string, randA: number): number {
  return hmac(secret, `c:${clientId}:${timeHex}:${randA}`).readUInt16BE(0);
}

function hmac(secret: string, text: string): Buffer {
  return createHmac("sha256", secret).update(text).digest();
}

function twoBytes(value: number): Buffer {
  return Buffer.from([value >> 8, value & 0xff]);
}
