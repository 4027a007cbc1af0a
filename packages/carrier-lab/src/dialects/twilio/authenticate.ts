import { timingSafeEqual } from "node:crypto";
import type { AccountBook, BookedAccount } from "../../accounts/account-book.ts";

/**
 * HTTP Basic with the account's sid and auth token, and only for that account's own resources.
 * @returns null for anything else
 */
export function authenticate(
  accounts: AccountBook,
  accountSid: string,
  authorization: string | undefined,
): BookedAccount | null {
  const account = accounts.findBySid(accountSid);
  const encoded = /^Basic ([A-Za-z0-9+/=]+)$/i.exec(authorization ?? "")?.[1];
  if (account === undefined || encoded === undefined) return null;
  const credentials = Buffer.from(encoded, "base64");
  const expected = Buffer.from(`${account.accountSid}:${account.authToken}`);
  return credentials.length === expected.length && timingSafeEqual(credentials, expected) ? account : null;
}
