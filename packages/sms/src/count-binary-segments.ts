/** Octets of user data in one short message (3GPP TS 23.040, 9.2.3.24). */
const SINGLE_BYTES = 140;

/** Header length octet, and the concatenation element with its 8-bit reference: identifier, length, reference, total, number. */
const HEADER_LENGTH_BYTES = 1;
const CONCATENATION_BYTES = 5;

/** Longest header of the sender's own that leaves a part room for one octet beside the concatenation element. */
export const BINARY_UDH_BYTES_MAX = SINGLE_BYTES - CONCATENATION_BYTES - 1;

/**
 * Counts the short messages that 8-bit data takes (message type `binary`).
 *
 * Up to 140 octets, the sender's own header included, are one message. Beyond that every part carries the sender's
 * header and a concatenation element: 134 octets of data per part without an own header, `135 - udhBytes` with one
 * (128 with the 7-octet header of a port address, the known figure of WAP push), as both share one length octet.
 *
 * A header that concatenates by itself belongs to data that fits one message; more than 140 octets with such a header
 * cannot be told from other headers here.
 *
 * @param bytes octets of data: half the number of hex digits of the message.
 * @param udhBytes octets of the sender's own user data header, its length octet included; 0 without one.
 * @throws RangeError when a number is not a whole number from 0 on, or `udhBytes` is above `BINARY_UDH_BYTES_MAX`.
 */
export function countBinarySegments(bytes: number, udhBytes: number): number {
  if (!Number.isSafeInteger(bytes) || bytes < 0) {
    throw new RangeError(`bytes must be a whole number from 0 on, not ${bytes}.`);
  }
  if (!Number.isSafeInteger(udhBytes) || udhBytes < 0 || udhBytes > BINARY_UDH_BYTES_MAX) {
    throw new RangeError(`udhBytes must be a whole number from 0 to ${BINARY_UDH_BYTES_MAX}, not ${udhBytes}.`);
  }
  if (bytes + udhBytes <= SINGLE_BYTES) return 1;
  const headerBytes = Math.max(udhBytes, HEADER_LENGTH_BYTES) + CONCATENATION_BYTES;
  return Math.ceil(bytes / (SINGLE_BYTES - headerBytes));
}
