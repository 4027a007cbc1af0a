import type { Encoding, MessageType, ReportStatus } from "@sms-gateway/contracts";

/** One message as a provider gets it. */
export interface SubmitMessage {
  readonly messageId: string;
  readonly attemptNumber: number;
  /** E.164 with +. */
  readonly to: string;
  /** null: the account's own sender. */
  readonly from: string | null;
  /** The text; hex for binary. */
  readonly text: string;
  readonly messageType: MessageType;
  readonly udh: string | null;
  readonly encoding: Encoding;
  readonly segments: number;
  /** Remaining life in seconds, for providers that know a validity period. */
  readonly validitySeconds: number;
  /** Where the provider posts reports; carries account, message, attempt and an HMAC (architecture.md 5.7). */
  readonly callbackUrl: string;
}

/** What went wrong, in the provider's own words and code. Never contains credentials or the message's text. */
export interface ProviderError {
  readonly code: string;
  readonly reason: string;
}

/**
 * How a submit ended (architecture.md 5.5). A value, never an exception, for every expected outcome.
 *
 * - `accepted`: the provider has it.
 * - `rejected`: it will never go this way. scope `message`: this message; `recipient`: this number (may suppress);
 *   `provider`: credentials, sender, credit or region: another provider may still take it.
 * - `try_later`: the provider says that it did not process it.
 * - `unknown`: bytes have left and no usable answer came: it may have gone out.
 */
export type SubmitResult =
  | {
      readonly outcome: "accepted";
      readonly providerMessageId: string;
      readonly segments?: number;
      readonly price?: { amount: string; currency: string };
    }
  | {
      readonly outcome: "rejected";
      readonly scope: "message" | "recipient" | "provider";
      readonly error: ProviderError;
    }
  | { readonly outcome: "try_later"; readonly error: ProviderError; readonly retryAfterMs?: number }
  | { readonly outcome: "unknown"; readonly error: ProviderError };

/** A callback as it reached us. */
export interface CallbackRequest {
  /** The address as the provider was told it (from PUBLIC_URL, never from the Host header), query included. */
  readonly url: string;
  readonly method: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly query: string;
  readonly contentType: string;
  readonly body: Buffer;
}

/** One delivery report out of a callback. */
export interface DeliveryReport {
  readonly providerMessageId: string;
  /** `undefined`: a word this adapter does not know; it is counted and changes nothing. */
  readonly status: ReportStatus | undefined;
  /** The provider's own word. */
  readonly providerStatus: string;
  readonly error: ProviderError | null;
  readonly price?: { amount: string; currency: string };
}

export interface ProviderCapabilities {
  readonly messageTypes: readonly MessageType[];
  readonly alphanumericSenders: boolean;
  /** Shortest and longest validity period in seconds; null where the provider has none. */
  readonly validitySeconds: { readonly min: number; readonly max: number } | null;
}

/** One account at one provider, ready to use. A lazy factory makes it: nothing is opened before the first submit. */
export interface ProviderAccount {
  readonly capabilities: ProviderCapabilities;
  /** Submits within `timeoutMs`; `signal` ends it earlier (what has left by then is `unknown`). Never rejects for an expected outcome. */
  submit(
    message: SubmitMessage,
    options: { readonly timeoutMs: number; readonly signal: AbortSignal },
  ): Promise<SubmitResult>;
  /** Whether the provider signed this callback with this account's secret. */
  verifyCallback(request: CallbackRequest): boolean;
  /** Reads a verified callback. An empty list: nothing in it concerns us. Throws `TypeError` when it cannot be read. */
  parseCallback(request: Pick<CallbackRequest, "query" | "contentType" | "body">): readonly DeliveryReport[];
  /** Only for providers with a session (SMPP). */
  start?(): Promise<void>;
  /** Closes what the account holds open, once what is under way has ended; submits after it are `try_later`. */
  stop?(): Promise<void>;
}
