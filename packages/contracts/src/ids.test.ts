import fc from "fast-check";
import { expect, test } from "vitest";
import {
  idTimeMs,
  isIssuedMessageId,
  makeBatchId,
  makeMessageId,
  makeRequestIds,
  makeSeed,
  seedTimeMs,
} from "./index.ts";

const SECRET = "a secret for tests only";
const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const clientId = fc.uuid();
// Until the year 10889, which is what 48 bits hold.
const timeMs = fc.integer({ min: 0, max: 2 ** 48 - 1 });
const index = fc.integer({ min: 0, max: 99_999 });

test("a seed tells when its request was accepted, and no two are alike", () => {
  fc.assert(
    fc.property(timeMs, (time) => {
      const [one, other] = [makeSeed(time), makeSeed(time)];
      return seedTimeMs(one) === time && seedTimeMs(other) === time && one !== other;
    }),
  );
});

test("a message id is a UUIDv7 with the seed's time, the same whenever it is made again", () => {
  fc.assert(
    fc.property(clientId, timeMs, index, (client, time, i) => {
      const seed = makeSeed(time);
      const id = makeMessageId(SECRET, client, seed, i);
      expect(id).toMatch(UUID_V7);
      expect(idTimeMs(id)).toBe(time);
      expect(makeMessageId(SECRET, client, seed, i)).toBe(id);
      expect(isIssuedMessageId(SECRET, client, id)).toBe(true);
      expect(isIssuedMessageId(SECRET, client, id.toUpperCase())).toBe(true);
    }),
  );
});

test("ids of one client, request and index tell themselves from those of any other", () => {
  const seen = new Set<string>();
  const now = Date.now();
  for (let request = 0; request < 20; request += 1) {
    const seed = makeSeed(now);
    const { batchId, messageIds } = makeRequestIds(SECRET, "0190a1b2-0000-7000-8000-000000000001", seed, 500);
    for (const id of [batchId, ...messageIds]) seen.add(id);
  }
  expect(seen.size).toBe(20 * 501);
});

test("an id that was issued to one client is foreign to others, and to another secret", () => {
  // A check of 16 bits lets one in 65 536 pass, so a few hundred ids are asked together.
  const [mine, other] = ["0190a1b2-0000-7000-8000-000000000001", "0190a1b2-0000-7000-8000-000000000002"];
  const ids = Array.from({ length: 400 }, (_, i) =>
    makeMessageId(SECRET, mine, makeSeed(1_800_000_000_000 + i * 977), i),
  );
  expect(ids.filter((id) => isIssuedMessageId(SECRET, other, id)).length).toBeLessThan(3);
  expect(ids.filter((id) => isIssuedMessageId("another secret altogether", mine, id)).length).toBeLessThan(3);
});

test("an id whose time or index was changed was not issued", () => {
  const client = "0190a1b2-0000-7000-8000-000000000001";
  const changed = Array.from({ length: 400 }, (_, i) => {
    const id = makeMessageId(SECRET, client, makeSeed(1_800_000_000_000 + i), 0);
    const digit = (Number.parseInt(id[7] ?? "0", 16) ^ 1).toString(16);
    return [id.slice(0, 7) + digit + id.slice(8), `${id.slice(0, 15)}001${id.slice(18)}`];
  });
  expect(changed.flat().filter((id) => isIssuedMessageId(SECRET, client, id)).length).toBeLessThan(3);
});

test("a batch id is never a message id", () => {
  fc.assert(
    fc.property(clientId, timeMs, (client, time) => {
      const id = makeBatchId(SECRET, client, makeSeed(time));
      expect(id).toMatch(UUID_V7);
      expect(isIssuedMessageId(SECRET, client, id)).toBe(false);
    }),
    { numRuns: 2_000 },
  );
});

test("the ids of a request are those made one by one", () => {
  const client = "0190a1b2-0000-7000-8000-000000000001";
  const seed = makeSeed(Date.now());
  const ids = makeRequestIds(SECRET, client, seed, 3);
  expect(ids.batchId).toBe(makeBatchId(SECRET, client, seed));
  expect(ids.messageIds).toEqual([0, 1, 2].map((i) => makeMessageId(SECRET, client, seed, i)));
});

test.each([
  "",
  "x",
  "0190a1b2-0000-4000-8000-000000000001",
  "0190a1b2-0000-7000-c000-000000000001",
  "0190a1b200007000800000000000000 1",
  "0190a1b2-0000-7000-8000-000000000001\n",
])("%j is no message id and has no time", (id) => {
  expect(isIssuedMessageId(SECRET, "0190a1b2-0000-7000-8000-000000000001", id)).toBe(false);
  expect(idTimeMs(id)).toBeUndefined();
});
