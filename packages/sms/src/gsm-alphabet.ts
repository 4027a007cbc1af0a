/**
 * The GSM default alphabet, 3GPP TS 23.038 section 6.2.1, in the order of the septet values 0x00 to 0x7F.
 * 0x1B is the escape to the extension table. It is no character of its own: a text that contains U+001B cannot
 * travel as GSM-7, because the handset would read it as an escape.
 */
const BASIC_TABLE =
  "@£$¥èéùìòÇ\nØø\rÅå" +
  "Δ_ΦΓΛΩΠΨΣΘΞ\u001bÆæßÉ" +
  " !\"#¤%&'()*+,-./" +
  "0123456789:;<=>?" +
  "¡ABCDEFGHIJKLMNO" +
  "PQRSTUVWXYZÄÖÑÜ§" +
  "¿abcdefghijklmno" +
  "pqrstuvwxyzäöñüà";

/** The default extension table, section 6.2.1.1: each costs two septets, the escape and the character. */
const EXTENSION_TABLE = "\f^{}\\[~]|€";

/** Septets by UTF-16 code unit; 0 = not in the alphabet. Flat, because it is read once per character of every text. */
const SEPTETS_BY_CODE_UNIT = buildSeptetTable();

/** How many septets (1 or 2) a UTF-16 code unit takes in GSM-7; 0 when the alphabet does not have it. */
export function septetsOf(codeUnit: number): number {
  return SEPTETS_BY_CODE_UNIT[codeUnit] ?? 0;
}

function buildSeptetTable(): Uint8Array {
  const table = new Uint8Array(0x10000);
  for (const character of BASIC_TABLE) table[character.charCodeAt(0)] = 1;
  for (const character of EXTENSION_TABLE) table[character.charCodeAt(0)] = 2;
  table[0x1b] = 0;
  return table;
}
