import type {
  AttemptOutcome,
  AttemptProgress,
  MessageState,
  MessageType,
  ProviderName,
  ReportStatus,
} from "@sms-gateway/contracts";
import type { SubmitResult } from "@sms-gateway/providers";

/** What a decision about a message looks at. */
export interface MessageFacts {
  readonly status: MessageState;
  /** Providers the request named, in order; empty means smart selection. */
  readonly providers: readonly ProviderName[];
  /** Providers that were asked in the present round. */
  readonly tried: readonly ProviderName[];
  /** The round that is under way; 1 is the first. */
  readonly round: number;
  readonly simulated: boolean;
  readonly messageType: MessageType;
  readonly fromNumber: string | null;
  readonly expireAt: Date;
}

/** One attempt of that message. */
export interface AttemptFacts extends AttemptProgress {
  readonly number: number;
  readonly provider: ProviderName;
}

/** How the call of one attempt ended. */
export interface AttemptResult {
  readonly messageId: string;
  readonly attemptNumber: number;
  readonly provider: ProviderName;
  readonly result: SubmitResult;
  readonly finishedAt: Date;
}

/** An error as the message and the attempt show it: the provider's own code, or one of ours in capitals. */
export interface DeliveryError {
  readonly code: string;
  readonly message: string;
}

/** The next try of a message. */
export interface PlannedTry {
  readonly provider: ProviderName;
  readonly dueAt: Date;
  readonly round: number;
  /** Providers that count as asked in that round. */
  readonly tried: readonly ProviderName[];
}

/** What becomes of one attempt; what is missing stays as it is. */
export interface AttemptUpdate {
  readonly number: number;
  readonly outcome?: AttemptOutcome;
  readonly finishedAt?: Date;
  readonly reportStatus?: ReportStatus;
  readonly reportAt?: Date;
  readonly error?: DeliveryError;
  readonly providerMessageId?: string;
  readonly segments?: number;
  readonly price?: { readonly amount: string; readonly currency: string };
}

/** What becomes of a message and one of its attempts. */
export interface DeliveryDecision {
  readonly attempt: AttemptUpdate;
  /** The message's status afterwards; the same as before when only the attempt changes. */
  readonly status: MessageState;
  /** `null` clears an error that no longer holds. Missing: stays. */
  readonly error?: DeliveryError | null;
  readonly next?: PlannedTry;
}
