const SHOWN_START_LENGTH = 5;
const SHOWN_END_LENGTH = 2;
// Below this the shown ends would give the number away.
const MASKABLE_LENGTH_MIN = 10;

/**
 * Masks a phone number for the log: `+12025550123` becomes `+1202*****23`, enough to see country and area. Numbers of
 * fewer than ten characters keep only their last two.
 */
export function maskPhoneNumber(phoneNumber: string): string {
  const start = phoneNumber.length < MASKABLE_LENGTH_MIN ? 0 : SHOWN_START_LENGTH;
  const end = phoneNumber.length <= SHOWN_END_LENGTH ? phoneNumber.length : phoneNumber.length - SHOWN_END_LENGTH;
  return phoneNumber.slice(0, start) + "*".repeat(end - start) + phoneNumber.slice(end);
}
