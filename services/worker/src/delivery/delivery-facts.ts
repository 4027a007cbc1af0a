import type { AttemptProgress, Lane, MessageState, MessageType, ProviderName, SmsType } from "@sms-gateway/contracts";
import type { AttemptRow } from "@sms-gateway/db";
import type { SubmitResult } from "@sms-gateway/providers";

/** What a decision about a message looks at; a locked row of the database has it all. */
export interface MessageFacts {
  readonly status: MessageState;
  /** Providers the request named, in order; empty means smart selection. */
  readonly providers: readonly string[];
  /** Providers that were asked in the present round, the one of the present attempt perhaps not among them. */
  readonly tried: readonly string[];
  /** The round that is under way; 1 is the first. */
  readonly round: number;
  readonly simulated: boolean;
  readonly lane: Lane;
  readonly messageType: MessageType;
  readonly smsType: SmsType;
  readonly fromNumber: string | null;
  readonly expireAt: Date;
  /** What the provider that has it calls it; null while none has. */
  readonly providerMessageId: string | null;
  /** Whether the handset may get it twice, as the record says now. */
  readonly possibleDouble: boolean;
  /** The database's clock. */
  readonly now: Date;
}

/** One attempt of that message. */
export interface AttemptFacts extends AttemptProgress, Pick<AttemptRow, "refusalScope" | "errorCode" | "errorMessage"> {
  readonly number: number;
  readonly provider: string;
}

/** How one attempt ended: by its provider's answer, or by what was found out later. */
export interface AttemptEnding {
  readonly attemptNumber: number;
  readonly provider: string;
  readonly result: SubmitResult;
  /** `resolve`: found out later, by asking the provider; else `submit`, its own answer. */
  readonly cause?: "submit" | "resolve";
}

/** How the call of one attempt ended. */
export interface AttemptResult extends AttemptEnding {
  readonly messageId: string;
  readonly provider: ProviderName;
}

/** An error as a message shows it: the provider's own code, or one of ours in capitals. */
export interface DeliveryError {
  readonly code: string;
  readonly message: string;
}
