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
 * - `try_later`: the provider says that it did not process it, or it was certainly not sent. `cause` tells what that says
 *   about the provider. `throttled`: it works and asks for fewer or later messages (rate, queue, cap). `unavailable`: it
 *   could not be reached, or says that it is not working.
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
  | {
      readonly outcome: "try_later";
      readonly cause: "throttled" | "unavailable";
      readonly error: ProviderError;
      readonly retryAfterMs?: number;
    }
  | { readonly outcome: "unknown"; readonly error: ProviderError };

/** A message as its provider knows it, asked for afterwards. */
export interface FoundMessage {
  readonly providerMessageId: string;
  /** `undefined`: a word this adapter does not know. */
  readonly status: ReportStatus | undefined;
  /** The provider's own word. */
  readonly providerStatus: string;
  readonly error: ProviderError | null;
  readonly segments?: number;
  readonly price?: { amount: string; currency: string };
}

/** A submit of unknown outcome, by what a provider can be asked about. */
export interface SearchQuery {
  /** E.164 with +. */
  readonly to: string;
  /** As it was submitted; null: the account's own sender. */
  readonly from: string | null;
  readonly text: string;
  /** When the submit began and when it was given up, by our clock; the adapter allows for a difference between clocks. */
  readonly sentAfter: Date;
  readonly sentBefore: Date;
}

/**
 * What a search found. It cannot tell messages of the same recipient, sender, text and time apart: the caller takes away
 * those whose ids belong to other attempts, and what is left is one of ours of which it did not know.
 *
 * - `listed`: every message found. `complete` false: there may be more, or one that resembles the one sought too much to
 *   say that it is not it; then a message that is missing proves nothing.
 * - `unavailable`: the provider could not be asked, or its answer could not be read.
 */
export type SearchResult =
  | { readonly result: "listed"; readonly messages: readonly FoundMessage[]; readonly complete: boolean }
  | { readonly result: "unavailable"; readonly error: ProviderError };

/** What became of one message, asked for by the provider's id of it. */
export type ReadResult =
  | { readonly result: "found"; readonly message: FoundMessage }
  | { readonly result: "not_found" }
  | { readonly result: "unavailable"; readonly error: ProviderError };

/** `timeoutMs` is for all of a call, however many requests it takes; `signal` ends it earlier. */
export interface CallOptions {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

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
  /**
   * null: it cannot be searched. `settleSeconds`: how long after a submit its search may still miss the message; only a
   * complete search later than that can say that there is none.
   */
  readonly search: { readonly settleSeconds: number } | null;
  /** Whether the state of a message can be asked for by its id. */
  readonly readMessage: boolean;
}

/** One account at one provider, ready to use. A lazy factory makes it: nothing is opened before the first submit. */
export interface ProviderAccount {
  readonly capabilities: ProviderCapabilities;
  /** Submits one message; what has left when it ends early is `unknown`. Never rejects for an expected outcome. */
  submit(message: SubmitMessage, options: CallOptions): Promise<SubmitResult>;
  /** There where `capabilities.search` is not null. Never rejects for an expected outcome. */
  search?(query: SearchQuery, options: CallOptions): Promise<SearchResult>;
  /** There where `capabilities.readMessage` is true. Never rejects for an expected outcome. */
  readMessage?(providerMessageId: string, options: CallOptions): Promise<ReadResult>;
  /** Whether the provider signed this callback with this account's secret. */
  verifyCallback(request: CallbackRequest): boolean;
  /** Reads a verified callback. An empty list: nothing in it concerns us. Throws `TypeError` when it cannot be read. */
  parseCallback(request: Pick<CallbackRequest, "query" | "contentType" | "body">): readonly DeliveryReport[];
  /** Only for providers with a session (SMPP). */
  start?(): Promise<void>;
  /** Closes what the account holds open, once what is under way has ended; submits after it are `try_later`, questions `unavailable`. */
  stop?(): Promise<void>;
}
