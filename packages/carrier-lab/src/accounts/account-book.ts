import { LAB_PROVIDERS, type LabAccount, labAccount } from "./lab-account.ts";

/** An account as the lab sees it: whose it is, besides its credentials. */
export interface BookedAccount extends LabAccount {
  provider: string;
}

export interface AccountBook {
  findBySid(accountSid: string): BookedAccount | undefined;
}

/** All accounts that exist in a lab with this token. */
export function createAccountBook(labToken: string): AccountBook {
  const bySid = new Map<string, BookedAccount>();
  for (const provider of LAB_PROVIDERS) {
    const account = { provider, ...labAccount(provider, labToken) };
    bySid.set(account.accountSid, account);
  }
  return { findBySid: (accountSid) => bySid.get(accountSid) };
}
