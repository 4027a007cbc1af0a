import { createHmac } from "node:crypto";

/**
 * The value of `X-Twilio-Signature` for a form post: Base64 of HMAC-SHA1, under the account's auth token, of the address
 * as it was given and then every field, sorted by name in code-unit order, as name and value without a separator.
 * Source: https://www.twilio.com/docs/usage/security#validating-requests
 */
export function signCallback(authToken: string, url: string, fields: Readonly<Record<string, string>>): string {
  const names = Object.keys(fields).sort();
  const data = names.reduce((signed, name) => `${signed}${name}${fields[name]}`, url);
  return createHmac("sha1", authToken).update(data, "utf8").digest("base64");
}
