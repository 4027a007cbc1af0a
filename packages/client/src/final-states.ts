import type { MessageState } from "@sms-gateway/contracts";

/** What a message that nobody works on any longer may be. A late report may still correct one that is not delivered. */
const IS_FINAL = {
  accepted: false,
  scheduled: false,
  queued: false,
  sending: false,
  sent: false,
  delivered: true,
  undelivered: true,
  failed: true,
  expired: true,
  canceled: true,
  rejected: true,
  unknown: true,
} as const satisfies Record<MessageState, boolean>;

/**
 * Whether a message has come to an end. The same as in contracts, which cannot be loaded here: it uses Node's crypto, and
 * this package also runs in browsers, so it takes only types from there.
 */
export function isFinal(status: MessageState): boolean {
  return IS_FINAL[status];
}
