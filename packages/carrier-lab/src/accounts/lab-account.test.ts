import { expect, test } from "vitest";
import { createAccountBook } from "./account-book.ts";
import { LAB_PROVIDERS, labAccount } from "./lab-account.ts";

test("each provider has an account of its own, the same for everyone with the token", () => {
  const book = createAccountBook("token");
  const sids = new Set<string>();
  for (const provider of LAB_PROVIDERS) {
    const account = labAccount(provider, "token");
    expect(account.accountSid).toMatch(/^AC[0-9a-f]{32}$/);
    expect(account.authToken).toMatch(/^[0-9a-f]{32}$/);
    expect(account.accountSid).not.toContain(account.authToken);
    expect(book.findBySid(account.accountSid)).toEqual({ provider, ...account });
    expect(labAccount(provider, "another token").authToken).not.toBe(account.authToken);
    sids.add(account.accountSid);
  }
  expect(sids.size).toBe(5);
});
