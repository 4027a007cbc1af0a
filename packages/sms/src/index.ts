export { chooseEncoding, type Encoding, findNonGsmCharacters } from "./choose-encoding.ts";
export { BINARY_UDH_BYTES_MAX, countBinarySegments } from "./count-binary-segments.ts";
export { countSegments, type SegmentCount, splitIntoSegments } from "./count-segments.ts";
export { hasForbiddenCharacters } from "./has-forbidden-characters.ts";
export { isKnownCountry } from "./read-national-number.ts";
export { type NumberContext, type ShapedNumber, shapeRecipientNumber } from "./shape-recipient-number.ts";
export { type ShapedSender, shapeSender } from "./shape-sender.ts";
