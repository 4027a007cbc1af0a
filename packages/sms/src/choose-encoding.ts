import { septetsOf } from "./gsm-alphabet.ts";

/** `gsm7`: GSM 03.38 default alphabet with its extension table. `ucs2`: UTF-16 code units, big-endian on the wire. */
export type Encoding = "gsm7" | "ucs2";

/** `gsm7` when every character is in the GSM alphabet, else `ucs2`: one character is enough to change all parts. */
export function chooseEncoding(text: string): Encoding {
  return countSeptets(text) === undefined ? "ucs2" : "gsm7";
}

/** The characters (code points) that force UCS-2, each once, in the order in which they first appear. */
export function findNonGsmCharacters(text: string): string[] {
  const found = new Set<string>();
  for (const character of text) {
    if (septetsOf(character.charCodeAt(0)) === 0) found.add(character);
  }
  return [...found];
}

/** Septets of a text in GSM-7, or undefined when the alphabet lacks one of its characters. */
export function countSeptets(text: string): number | undefined {
  let septets = 0;
  for (let index = 0; index < text.length; index += 1) {
    const cost = septetsOf(text.charCodeAt(index));
    if (cost === 0) return undefined;
    septets += cost;
  }
  return septets;
}
