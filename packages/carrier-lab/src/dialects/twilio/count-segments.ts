/**
 * How many SMS a text takes, as carriers bill it (3GPP TS 23.038: 160/153 septets, 70/67 UTF-16 units; a character is
 * never split over two segments). The lab counts for itself instead of with our own code, so that an error there shows.
 */
export function countSegments(text: string): number {
  const isGsm = GSM_TEXT.test(text);
  const limits = isGsm ? { single: 160, part: 153 } : { single: 70, part: 67 };
  let total = 0;
  let parts = 1;
  let partUnits = 0;
  for (const character of text) {
    const units = isGsm ? gsmUnits(character) : character.length;
    total += units;
    if (partUnits + units > limits.part) {
      parts += 1;
      partUnits = 0;
    }
    partUnits += units;
  }
  return total <= limits.single ? 1 : parts;
}

const BASIC = "@£$¥èéùìòÇ\\nØø\\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,\\-./0-9:;<=>?¡A-ZÄÖÑÜ§¿a-zäöñüà";
const EXTENSION = "\\f^{}\\\\\\[~\\]|€";
const GSM_TEXT = new RegExp(`^[${BASIC}${EXTENSION}]*$`);
const GSM_EXTENSION = new RegExp(`^[${EXTENSION}]$`);

/** Characters of the extension table are sent after an escape. */
function gsmUnits(character: string): 1 | 2 {
  return GSM_EXTENSION.test(character) ? 2 : 1;
}
