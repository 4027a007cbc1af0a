import { SegmentedMessage } from "sms-segments-calculator";
import { expect, test } from "vitest";
import { chooseEncoding, countSegments, findNonGsmCharacters } from "./index.ts";

test("agrees with Twilio's calculator on encoding and septets of every character of the basic plane", () => {
  const differing: string[] = [];
  for (let codeUnit = 0; codeUnit <= 0xffff; codeUnit += 1) {
    if (codeUnit >= 0xd800 && codeUnit <= 0xdfff) continue;
    const character = String.fromCharCode(codeUnit);
    const oracle = new SegmentedMessage(character);
    const ours = countSegments(character);
    const encodingDiffers = (oracle.encodingName === "GSM-7") !== (ours.encoding === "gsm7");
    if (encodingDiffers || oracle.numberOfCharacters !== ours.units) differing.push(`U+${codeUnit.toString(16)}`);
  }
  expect(differing).toEqual([]);
});

test.each([
  ["", "gsm7"],
  ["ÄÖÜ äöü ß Ç", "gsm7"],
  ["€ ^ { } [ ] ~ | \\ \f", "gsm7"],
  ["line one\r\nline two", "gsm7"],
  ["ç", "ucs2"],
  ["`", "ucs2"],
  ["tab\tseparated", "ucs2"],
  ["no-break\u00a0space", "ucs2"],
  ["“quoted” – with a dash", "ucs2"],
  ["привет", "ucs2"],
  ["😀", "ucs2"],
  ["a raw escape \u001b", "ucs2"],
])("%j travels as %s", (text, encoding) => {
  expect(chooseEncoding(text)).toBe(encoding);
});

test("names each character that forces UCS-2 once, in the order of the text, emoji whole", () => {
  expect(findNonGsmCharacters("“Ça va?” 😀 ça “va” 😀")).toEqual(["“", "”", "😀", "ç"]);
  expect(findNonGsmCharacters("plain {text} €")).toEqual([]);
});
