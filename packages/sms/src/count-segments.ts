import { countSeptets, type Encoding } from "./choose-encoding.ts";
import { septetsOf } from "./gsm-alphabet.ts";

/**
 * What fits, in septets (GSM-7) or UTF-16 code units (UCS-2). A short message carries 140 octets: 160 septets or
 * 70 code units. Each part of a longer text gives 6 octets to the concatenation header with the usual 8-bit
 * reference (3GPP TS 23.040, 9.2.3.24.1): 153 septets or 67 code units.
 */
const LIMITS = {
  gsm7: { single: 160, part: 153 },
  ucs2: { single: 70, part: 67 },
} as const satisfies Record<Encoding, { single: number; part: number }>;

export type SegmentCount = {
  encoding: Encoding;
  /** Short messages that the text takes, at least 1 (an empty text is one empty message). */
  segments: number;
  /** Length of the whole text without headers: septets for gsm7 (extension characters are 2), UTF-16 code units for ucs2. */
  units: number;
};

/**
 * Counts the short messages a text takes. Without `encoding` the cheapest that carries the text is chosen.
 *
 * Not ceil(units / limit): an escape pair or a surrogate pair is never cut, so a part may stay one unit short.
 * Grapheme clusters (emoji with modifiers, combining marks) may be cut between code points, as the handset joins the
 * parts again; a provider that keeps them whole may count one part more.
 *
 * Fast enough for every accepted message: no allocation but the answer. The caller bounds the text's length; a
 * concatenation header can count at most 255 parts.
 *
 * @throws RangeError when `encoding` is `gsm7` and the text has a character outside the GSM alphabet.
 */
export function countSegments(text: string, encoding?: Encoding): SegmentCount {
  const measured = measureText(text, encoding);
  return { encoding: measured.encoding, segments: countParts(text, measured), units: measured.units };
}

/**
 * The text of each short message, in order; joined they are the text again, and there are as many as
 * `countSegments` says.
 *
 * @throws RangeError as `countSegments`.
 */
export function splitIntoSegments(text: string, encoding?: Encoding): string[] {
  const measured = measureText(text, encoding);
  if (measured.units <= LIMITS[measured.encoding].single) return [text];
  const parts: string[] = [];
  let start = 0;
  while (start < text.length) {
    const end = findPartEnd(text, start, measured.encoding);
    parts.push(text.slice(start, end));
    start = end;
  }
  return parts;
}

function measureText(text: string, wanted: Encoding | undefined): { encoding: Encoding; units: number } {
  if (wanted === "ucs2") return { encoding: "ucs2", units: text.length };
  const septets = countSeptets(text);
  if (septets !== undefined) return { encoding: "gsm7", units: septets };
  if (wanted === "gsm7") throw new RangeError("The text has a character that the GSM-7 alphabet does not have.");
  return { encoding: "ucs2", units: text.length };
}

function countParts(text: string, measured: { encoding: Encoding; units: number }): number {
  const limits = LIMITS[measured.encoding];
  if (measured.units <= limits.single) return 1;
  // Without extension characters no part can stay short, so the walk below would only find this.
  if (measured.encoding === "gsm7" && measured.units === text.length) return Math.ceil(measured.units / limits.part);
  let parts = 0;
  for (let start = 0; start < text.length; parts += 1) start = findPartEnd(text, start, measured.encoding);
  return parts;
}

/** Where the part that begins at `start` ends (exclusive); always beyond `start` while text is left. */
function findPartEnd(text: string, start: number, encoding: Encoding): number {
  return encoding === "gsm7" ? findGsmPartEnd(text, start) : findUcs2PartEnd(text, start);
}

function findGsmPartEnd(text: string, start: number): number {
  let septets = 0;
  for (let index = start; index < text.length; index += 1) {
    septets += septetsOf(text.charCodeAt(index));
    if (septets > LIMITS.gsm7.part) return index;
  }
  return text.length;
}

function findUcs2PartEnd(text: string, start: number): number {
  const end = start + LIMITS.ucs2.part;
  if (end >= text.length) return text.length;
  const cutsPair = isHighSurrogate(text.charCodeAt(end - 1)) && isLowSurrogate(text.charCodeAt(end));
  return cutsPair ? end - 1 : end;
}

function isHighSurrogate(codeUnit: number): boolean {
  return codeUnit >= 0xd800 && codeUnit <= 0xdbff;
}

function isLowSurrogate(codeUnit: number): boolean {
  return codeUnit >= 0xdc00 && codeUnit <= 0xdfff;
}
