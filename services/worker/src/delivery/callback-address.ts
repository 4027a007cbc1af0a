import { createHmac, timingSafeEqual } from "node:crypto";
import type { ProviderName } from "@sms-gateway/contracts";
import type { AccountKind } from "../accounts/provider-accounts.ts";

/** What a callback address says about the attempt it belongs to (architecture.md 5.7). */
export interface CallbackSubject {
  readonly provider: ProviderName;
  readonly account: AccountKind;
  readonly messageId: string;
  readonly attemptNumber: number;
}

/** Makes and verifies the addresses that providers post delivery reports to. */
export interface CallbackAddresses {
  /** `/webhooks/{provider}/status?a=<account>&m=<message>&n=<attempt>&h=<hmac>` under PUBLIC_URL. */
  make(subject: CallbackSubject): string;
  /**
   * Reads an address's query. `foreign`: it names no attempt of ours at all. `forged`: it names one, but not as we
   * would have.
   */
  read(provider: ProviderName, query: string): CallbackSubject | "foreign" | "forged";
  /** The whole address of a path and query under PUBLIC_URL, as the provider was told it; never from the Host header. */
  rebuild(pathAndQuery: string): string;
}

// 128 bits: nobody guesses them, and the address stays short enough for every provider's field.
const MAC_HEX_LENGTH = 32;

/** @param internalToken the key of the MAC is derived from it, so that it can never pass for another signature. */
export function createCallbackAddresses(publicUrl: string, internalToken: string): CallbackAddresses {
  const origin = publicUrl.replace(/\/+$/, "");
  const key = createHmac("sha256", internalToken).update("callback-address:v1").digest();

  function sign({ provider, account, messageId, attemptNumber }: CallbackSubject): string {
    const text = `${provider}:${account}:${messageId}:${attemptNumber}`;
    return createHmac("sha256", key).update(text).digest("hex").slice(0, MAC_HEX_LENGTH);
  }

  return {
    make(subject) {
      const { provider, account, messageId, attemptNumber } = subject;
      return `${origin}/webhooks/${provider}/status?a=${account}&m=${messageId}&n=${attemptNumber}&h=${sign(subject)}`;
    },
    read(provider, query) {
      const fields = new URLSearchParams(query);
      const [account, messageId, attempt, mac] = ["a", "m", "n", "h"].map((name) => fields.get(name));
      if (account === null && messageId === null && attempt === null && mac === null) return "foreign";
      if (account !== "live" && account !== "lab") return "forged";
      if (!messageId || !attempt || !mac || !/^[1-9]\d{0,4}$/.test(attempt)) return "forged";
      const subject = { provider, account, messageId, attemptNumber: Number(attempt) } as const;
      return isSame(mac, sign(subject)) ? subject : "forged";
    },
    rebuild: (pathAndQuery) => origin + pathAndQuery,
  };
}

function isSame(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}
