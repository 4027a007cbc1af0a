import { idTimeMs, makeMessageId, makeSeed } from "@sms-gateway/contracts";
import fc from "fast-check";
import { expect, test } from "vitest";
import { firstIdAt, isUuid, makeRandomId } from "./uuid.ts";

const TIME = fc.integer({ min: 0, max: 2 ** 48 - 2 });

test("the first id of a time is not above any id of that time and above every earlier one", () => {
  fc.assert(
    fc.property(TIME, fc.nat(2000), (time, index) => {
      const id = makeMessageId("secret-of-this-test", "client", makeSeed(time), index);
      expect(firstIdAt(time) <= id).toBe(true);
      expect(id < firstIdAt(time + 1)).toBe(true);
      expect(isUuid(firstIdAt(time))).toBe(true);
    }),
  );
});

test("a random id is a UUIDv7 of its time", () => {
  fc.assert(
    fc.property(TIME, (time) => {
      const id = makeRandomId(time);
      expect(idTimeMs(id)).toBe(time);
      expect(makeRandomId(time)).not.toBe(id);
    }),
  );
});

test("times before 1970 and after the last UUIDv7 have bounds too", () => {
  expect(firstIdAt(-5)).toBe("00000000-0000-0000-0000-000000000000");
  expect(firstIdAt(8.64e15)).toBe("ffffffff-ffff-0000-0000-000000000000");
});
