import { expect, test } from "vitest";
import { countSegments } from "./count-segments.ts";

test.each([
  ["an empty text", "", 1],
  ["160 characters of GSM-7", "a".repeat(160), 1],
  ["161 characters of GSM-7", "a".repeat(161), 2],
  ["306 characters of GSM-7", "a".repeat(306), 2],
  ["307 characters of GSM-7", "a".repeat(307), 3],
  ["80 euro signs, two septets each", "€".repeat(80), 1],
  ["81 euro signs", "€".repeat(81), 2],
  ["an escape pair that would be split", `${"a".repeat(152)}€${"a".repeat(152)}`, 3],
  ["the whole basic table of punctuation", "@£$¥_!\"#¤%&'()*+,-./:;<=>?¡§¿\n\r", 1],
  ["the extension table, two septets each", "^{}\\[~]|€\f".repeat(8), 1],
  ["the extension table, once too often", `${"^{}\\[~]|€\f".repeat(8)}|`, 2],
  ["70 units of UCS-2", "я".repeat(70), 1],
  ["71 units of UCS-2", "я".repeat(71), 2],
  ["134 units of UCS-2", "я".repeat(134), 2],
  ["a surrogate pair that would be split", `${"я".repeat(66)}😀${"я".repeat(66)}`, 3],
  ["a backtick, which GSM-7 has not", "`".repeat(71), 2],
])("%s", (_name, text, segments) => {
  expect(countSegments(text)).toBe(segments);
});
