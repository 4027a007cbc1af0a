import fc from "fast-check";
import { SegmentedMessage } from "sms-segments-calculator";
import { describe, expect, test } from "vitest";
import { chooseEncoding, countSegments, type Encoding, splitIntoSegments } from "./index.ts";

const GSM_CHARACTERS = ["a", "@", "ß", " ", "\r", "\n", "€", "[", "\f", "^"];
const UCS2_CHARACTERS = ["ф", "漢", "字", "글", "\u00a0", "😀", "𝒳", "a", "€", "\r", "\n"];
/** Combining mark, joiner, skin tone, flag letters, Hangul jamo, Thai vowel: they grow into clusters with what is before them. */
const JOINING_CHARACTERS = ["e", "\u0301", "\u200d", "👍", "🏽", "🇩", "🇪", "\u1100", "\u1161", "ก", "ำ", "ф"];

/** Around the limits of both encodings, where a count goes wrong if it goes wrong. */
const RUN_LENGTHS = [1, 2, 33, 35, 66, 67, 68, 69, 70, 71, 76, 77, 79, 80, 81, 152, 153, 154, 159, 160, 161];

/** Runs of one character, so that pairs meet the limits often. */
function textOf(characters: string[]) {
  const length = fc.oneof(fc.constantFrom(...RUN_LENGTHS), fc.integer({ min: 1, max: 10 }));
  const run = fc.tuple(fc.constantFrom(...characters), length).map(([character, times]) => character.repeat(times));
  return fc.array(run, { maxLength: 5 }).map((runs) => runs.join(""));
}

const anyText = fc.oneof(
  textOf(GSM_CHARACTERS),
  textOf(UCS2_CHARACTERS),
  textOf(JOINING_CHARACTERS),
  fc.string({ unit: "binary", maxLength: 400 }),
  // Lone surrogates, too: they are refused before, but must not break the count.
  textOf(["\ud83d", "\ude00", "ф"]),
);

const limits = { gsm7: { single: 160, part: 153 }, ucs2: { single: 70, part: 67 } };

/** Length in septets, by a second way than the one under test. */
function measure(text: string, encoding: Encoding): number {
  return encoding === "ucs2" ? text.length : text.length + (text.match(/[\f^{}\\[\]~|€]/g) ?? []).length;
}

describe("limits", () => {
  test.each([
    ["an empty text", "", 1, 0],
    ["160 septets", "a".repeat(160), 1, 160],
    ["161 septets", "a".repeat(161), 2, 161],
    ["160 septets, the last two an escape pair", `${"a".repeat(158)}€`, 1, 160],
    ["160 characters of 161 septets", `${"a".repeat(159)}€`, 2, 161],
    ["306 septets", "a".repeat(306), 2, 306],
    ["307 septets", "a".repeat(307), 3, 307],
    ["306 septets with an escape pair over the cut", `${"a".repeat(152)}€${"a".repeat(152)}`, 3, 306],
    ["160 extension characters", "€".repeat(160), 3, 320],
    ["70 code units", "ф".repeat(70), 1, 70],
    ["71 code units", "ф".repeat(71), 2, 71],
    ["35 emoji", "😀".repeat(35), 1, 70],
    ["134 code units", "ф".repeat(134), 2, 134],
    ["135 code units", "ф".repeat(135), 3, 135],
    ["134 code units with a surrogate pair over the cut", `${"ф".repeat(66)}😀${"ф".repeat(66)}`, 3, 134],
  ])("counts %s", (_name, text, segments, units) => {
    expect(countSegments(text)).toEqual({ encoding: chooseEncoding(text), segments, units });
    expect(splitIntoSegments(text)).toHaveLength(segments);
  });

  test("an extension character takes one unit in UCS-2", () => {
    expect(countSegments("€".repeat(70), "ucs2")).toEqual({ encoding: "ucs2", segments: 1, units: 70 });
    expect(countSegments("€".repeat(71), "ucs2")).toEqual({ encoding: "ucs2", segments: 2, units: 71 });
  });

  test("GSM-7 is refused for a text that it cannot carry", () => {
    expect(() => countSegments("привет", "gsm7")).toThrow(RangeError);
    expect(() => splitIntoSegments("привет", "gsm7")).toThrow(RangeError);
  });
});

describe("properties", () => {
  const textAndEncoding = fc
    .tuple(anyText, fc.boolean())
    .map(([text, forceUcs2]) => ({ text, encoding: forceUcs2 ? ("ucs2" as const) : chooseEncoding(text) }));

  test("the parts are the text, as many as counted, each within its limit and as full as can be", () => {
    fc.assert(
      fc.property(textAndEncoding, ({ text, encoding }) => {
        const parts = splitIntoSegments(text, encoding);
        const counted = countSegments(text, encoding);
        expect(parts.join("")).toBe(text);
        expect(counted).toEqual({ encoding, segments: parts.length, units: measure(text, encoding) });
        const limit = parts.length === 1 ? limits[encoding].single : limits[encoding].part;
        for (const [index, part] of parts.entries()) {
          const units = measure(part, encoding);
          expect(units).toBeLessThanOrEqual(limit);
          // All but the last are full, or one unit short before a pair.
          if (index < parts.length - 1) expect(units).toBeGreaterThanOrEqual(limit - 1);
        }
      }),
    );
  });

  test("no part begins or ends inside a surrogate pair", () => {
    const wellFormed = fc.oneof(textOf(UCS2_CHARACTERS), fc.string({ unit: "binary", maxLength: 400 }));
    fc.assert(
      fc.property(wellFormed, (text) => {
        for (const part of splitIntoSegments(text, "ucs2")) expect(part).not.toMatch(/\p{Surrogate}/u);
      }),
    );
  });

  test("a part that ends one septet short is followed by an escape pair", () => {
    fc.assert(
      fc.property(textOf(GSM_CHARACTERS), (text) => {
        const parts = splitIntoSegments(text, "gsm7");
        for (const [index, part] of parts.slice(0, -1).entries()) {
          if (measure(part, "gsm7") < limits.gsm7.part) expect(parts[index + 1]).toMatch(/^[\f^{}\\[\]~|€]/);
        }
      }),
    );
  });
});

/**
 * Twilio's calculator is an oracle with one difference: it works on grapheme clusters (but takes "\r\n" as two).
 * Its `numberOfCharacters` of a UCS-2 text counts clusters, so the size in bits is compared instead. Where every
 * cluster is one code point, which is all of GSM-7, it must agree exactly. It never cuts a longer cluster, so it may
 * need more parts than we do; and a cluster longer than a part it puts into one part that is too full, or lets what
 * it moves to the second part overfill that one, so it may then count fewer: clusters are kept short here.
 * It takes about a millisecond per text, hence the few runs.
 */
describe("against Twilio's calculator", () => {
  const bitsPerUnit = { "GSM-7": 7, "UCS-2": 16 };

  test.each([
    ["GSM-7", textOf(GSM_CHARACTERS)],
    ["UCS-2", textOf(UCS2_CHARACTERS)],
    ["any", fc.string({ unit: "binary", maxLength: 300 })],
  ])("agrees on encoding, units and segments of %s texts", (_name, texts) => {
    fc.assert(
      fc.property(texts, (text) => {
        const oracle = new SegmentedMessage(text);
        fc.pre(oracle.graphemes.length === [...text].length);
        expect(countSegments(text)).toEqual({
          encoding: oracle.encodingName === "GSM-7" ? "gsm7" : "ucs2",
          segments: oracle.segmentsCount,
          units: oracle.messageSize / bitsPerUnit[oracle.encodingName],
        });
      }),
      { numRuns: 200 },
    );
  });

  test("counts no more segments than it for texts with clusters of several code points, and the same units", () => {
    const clusters = ["e\u0301", "👍🏽", "👨‍👩‍👧‍👦", "🇩🇪", "\u1100\u1161", "กำ", "ф", "a"];
    fc.assert(
      fc.property(textOf(clusters), (text) => {
        const oracle = new SegmentedMessage(text, "UCS-2");
        const ours = countSegments(text, "ucs2");
        expect(ours.units).toBe(oracle.messageSize / 16);
        expect(ours.segments).toBeLessThanOrEqual(oracle.segmentsCount);
      }),
      { numRuns: 200 },
    );
  });

  test("cuts a cluster that it keeps whole, and so needs one part less", () => {
    const text = `${"ф".repeat(66)}e\u0301${"ф".repeat(66)}`;
    expect(new SegmentedMessage(text).segmentsCount).toBe(3);
    expect(countSegments(text).segments).toBe(2);
  });
});
