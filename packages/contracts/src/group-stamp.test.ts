import fc from "fast-check";
import { expect, test } from "vitest";
import { readStamp, writeStamp } from "./index.ts";

const STAMP = {
  boot_id: "boot-1",
  sequence: 9,
  messages: { "2026-11-21": 3 },
  settled: 8,
  voided: [
    [2, 4],
    [8, 8],
  ],
};

test("a stamp is read as it was written", () => {
  const stamp = readStamp(STAMP);
  expect(stamp).toEqual({ bootId: "boot-1", sequence: 9, messages: STAMP.messages, settled: 8, voided: STAMP.voided });
  expect(stamp && writeStamp(stamp)).toEqual(STAMP);
});

test("a stamp with fields that we do not know is read", () => {
  expect(readStamp({ ...STAMP, region: "eu" })).toMatchObject({ sequence: 9 });
});

test("a stamp that does not say what is settled is read, and settles nothing", () => {
  const { settled: _, ...before } = STAMP;
  expect(readStamp(before)).toMatchObject({ sequence: 9, settled: 0 });
});

test.each<[string, unknown]>([
  ["nothing", undefined],
  ["null", null],
  ["a text", "boot-1"],
  ["a count of envelopes, as an older version writes it", { boot_id: "boot-1", sequence: 9, count: 2 }],
  ["no boot id", { ...STAMP, boot_id: "" }],
  ["a sequence of 0", { ...STAMP, sequence: 0, voided: [] }],
  ["a broken sequence", { ...STAMP, sequence: 9.5 }],
  ["no messages", { ...STAMP, messages: {} }],
  ["a day that is none", { ...STAMP, messages: { today: 3 } }],
  ["messages below 1", { ...STAMP, messages: { "2026-11-21": 0 } }],
  [
    "voided ranges in disorder",
    {
      ...STAMP,
      voided: [
        [5, 6],
        [2, 3],
      ],
    },
  ],
  ["a voided range that ends before it begins", { ...STAMP, voided: [[4, 2]] }],
  ["voided ranges that are not earlier", { ...STAMP, voided: [[2, 9]] }],
  ["a settled sequence that is not earlier", { ...STAMP, settled: 9 }],
  ["a settled sequence below 0", { ...STAMP, settled: -1 }],
  [
    "more voided ranges than anybody writes",
    { ...STAMP, sequence: 2000, voided: Array.from({ length: 501 }, (_, index) => [2 * index + 1, 2 * index + 1]) },
  ],
  ["a voided range of three numbers", { ...STAMP, voided: [[1, 2, 3]] }],
])("%s is no stamp", (_, value) => {
  expect(readStamp(value)).toBeNull();
});

test("nothing makes reading a stamp fail", () => {
  const changes = fc.dictionary(fc.constantFrom(...Object.keys(STAMP)), fc.anything());
  fc.assert(
    fc.property(
      fc.oneof(
        fc.anything(),
        changes.map((change) => ({ ...STAMP, ...change })),
      ),
      (value) => {
        expect(() => readStamp(value)).not.toThrow();
      },
    ),
  );
});
