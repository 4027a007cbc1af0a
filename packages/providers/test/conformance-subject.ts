import { randomUUID } from "node:crypto";
import { inspect } from "node:util";
import {
  type AccountOptions,
  type AdapterName,
  type CallOptions,
  createProviderAccount,
  type ProviderAccount,
  type SubmitMessage,
  type SubmitResult,
} from "@sms-gateway/providers";
import { expect, onTestFinished } from "vitest";

/** What the suite must know of an adapter. */
export interface ConformanceSubject {
  readonly adapter: AdapterName;
  /** Where the lab speaks this provider's dialect. */
  readonly labPath: string;
  /** Of this provider's account in the lab. */
  readonly credentials: AccountOptions["credentials"];
  /** Well-formed, but not the lab's. */
  readonly wrongCredentials: AccountOptions["credentials"];
  /** Besides the credentials' own values: what on the wire is made of them, such as the value of a header. */
  readonly derivedSecrets: readonly string[];
  /** Names of credentials that are no secret. */
  readonly publicCredentials: readonly string[];
  /** The provider's codes for what the lab's scenario numbers do. */
  readonly codes: {
    readonly invalidNumber: string;
    readonly throttled: string;
    readonly wrongCredentials: string;
    readonly undelivered: string;
  };
  /** A well-formed id of a message that the provider does not have. */
  readonly unknownId: string;
  /** Whether its dialect can say how long to wait. */
  readonly saysWait: boolean;
  /** Bodies of success that name no message, and list none. */
  readonly rubbish: readonly string[];
}

type KnownSecrets = Pick<
  ConformanceSubject,
  "credentials" | "wrongCredentials" | "derivedSecrets" | "publicCredentials"
>;

export const TEXT = "Text-of-this-message 7351";
export const BOUND = { timeout: 5000, interval: 10 };

/** An account that closes its connections with the test. */
export function createAccount(
  { adapter, credentials }: Pick<ConformanceSubject, "adapter" | "credentials">,
  baseUrl: string,
  otherCredentials = credentials,
): ProviderAccount {
  const account = createProviderAccount({ adapter, credentials: otherCredentials, baseUrl, sender: "+15005550006" });
  // Not waited for: requests that a server leaves unanswered on purpose end with that server.
  onTestFinished(() => void account.stop?.());
  return account;
}

/** Submits a message, and fails when what comes back, result or exception, holds a secret or the message's text. */
export async function submitSafely(
  subject: KnownSecrets,
  account: ProviderAccount,
  message: Partial<SubmitMessage>,
  options: Partial<CallOptions> = {},
): Promise<SubmitResult> {
  const whole: SubmitMessage = {
    messageId: randomUUID(),
    attemptNumber: 1,
    to: "+15005550006",
    from: null,
    text: TEXT,
    messageType: "text",
    udh: null,
    encoding: "gsm7",
    segments: 1,
    validitySeconds: 3600,
    callbackUrl: "http://127.0.0.1:9/webhooks/any/status?a=lab&m=1&n=1&h=0a1b",
    ...message,
  };
  return settleSafely(subject, account.submit(whole, withLimits(options)));
}

/** Limits of a call, as far as it says nothing else. */
export function withLimits(options: Partial<CallOptions> = {}): CallOptions {
  return { timeoutMs: 5000, signal: new AbortController().signal, ...options };
}

/** Ends as the call does, and fails when that, result or exception, holds a secret or the message's text. */
export async function settleSafely<R>(subject: KnownSecrets, call: Promise<R>): Promise<R> {
  const [settled] = await Promise.allSettled([call]);
  const secrets = [subject.credentials, subject.wrongCredentials]
    .flatMap((credentials) => Object.entries(credentials))
    .flatMap(([name, value]) => (subject.publicCredentials.includes(name) ? [] : [value]));
  const shown = inspect(settled, { depth: 9, showHidden: true }) + JSON.stringify(settled);
  for (const secret of [...secrets, ...subject.derivedSecrets, TEXT, encodeURIComponent(TEXT)]) {
    expect(shown).not.toContain(secret);
  }
  if (settled.status === "rejected") throw settled.reason;
  return settled.value;
}
