import { createHmac, randomUUID, timingSafeEqual } from "node:crypto";

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
  // Twenty of a random UUID's digits, those around its version and variant. Node keeps a stock of randomness for UUIDs,
  // which makes them many times cheaper than random bytes.
  const random = randomUUID();
  return timeMs.toString(16).padStart(12, "0") + random.slice(0, 8) + random.slice(24);
}

/** When the seed's request was accepted, in milliseconds since 1970. */
export function seedTimeMs(seed: string): number {
  return Number.parseInt(seed.slice(0, 12), 16);
}

/** The ids of one request: its batch's, and its messages' in the order of the recipients. */
export interface RequestIds {
  readonly batchId: string;
  readonly messageIds: readonly string[];
}

/** All ids of a request with `count` recipients. Each costs two HMACs (a few microseconds), so make them once and share them. */
export function makeRequestIds(secret: string, clientId: string, seed: string, count: number): RequestIds {
  const first = makeMaterial(secret, clientId, seed, 0);
  const messageIds = [assembleMessageId(seed, 0, first)];
  for (let index = 1; index < count; index += 1) messageIds.push(makeMessageId(secret, clientId, seed, index));
  return { batchId: assembleBatchId(seed, first), messageIds: messageIds.slice(0, count) };
}

/** The id of the message for the recipient at `index` (0-based) of the request with this seed. */
export function makeMessageId(secret: string, clientId: string, seed: string, index: number): string {
  return assembleMessageId(seed, index, makeMaterial(secret, clientId, seed, index));
}

/**
 * The id of the batch (one request's messages together). Never mistaken for a message's id: it carries the complement of
 * the check that a message would have in its place.
 */
export function makeBatchId(secret: string, clientId: string, seed: string): string {
  return assembleBatchId(seed, makeMaterial(secret, clientId, seed, 0));
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

/** What the ids of one index are made of. */
interface Material {
  readonly check: number;
  /** HMAC of (seed, index): the message's 46 bits come from its beginning, the batch's from its second half. */
  readonly random: Buffer;
}

function makeMaterial(secret: string, clientId: string, seed: string, index: number): Material {
  return {
    check: messageCheck(secret, clientId, seed.slice(0, 12), index & 0xfff),
    random: hmac(secret, `m:${seed}:${index}`),
  };
}

function assembleMessageId(seed: string, index: number, { check, random }: Material): string {
  return assembleId(seed, index & 0xfff, check, random.toString("hex", 0, 6));
}

function assembleBatchId(seed: string, { check, random }: Material): string {
  return assembleId(seed, 0, check ^ CHECK_MASK, random.toString("hex", 16, 22));
}

/** `random` has 48 bits as hex, of which the top two make room for the check's last two. */
function assembleId(seed: string, randA: number, check: number, random: string): string {
  const variantGroup = (0x8000 | (check >> 2)).toString(16);
  const top = ((Number.parseInt(random.slice(0, 2), 16) & 0x3f) | ((check & 3) << 6)).toString(16).padStart(2, "0");
  const time = `${seed.slice(0, 8)}-${seed.slice(8, 12)}`;
  return `${time}-7${randA.toString(16).padStart(3, "0")}-${variantGroup}-${top}${random.slice(2)}`;
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
