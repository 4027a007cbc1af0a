import type { Encoding, MessageType, ProviderName, SmsType } from "@sms-gateway/contracts";

/** A recipient, shaped. */
export interface FormRecipient {
  /** E.164 with +. */
  readonly number: string;
  readonly name: string | null;
}

/**
 * A send request after validation: what it says, in our own words, before anything that depends on the clock, the
 * directory or the caller. Made by `readSendRequest` only.
 */
export interface SendForm {
  readonly recipients: readonly FormRecipient[];
  /** Numbers given more than once. */
  readonly duplicates: readonly string[];
  readonly text: string;
  readonly templateId: string | null;
  readonly sender: string | null;
  readonly messageType: MessageType;
  readonly udh: string | null;
  readonly smsType: SmsType;
  readonly encoding: Encoding;
  readonly segments: number;
  /** Requested providers in order; empty is smart selection. */
  readonly providers: readonly ProviderName[];
  readonly scheduleAtMs: number | null;
  readonly expireAtMs: number | null;
  readonly ttlSeconds: number | null;
  readonly priority: number;
  readonly callbackUrl: string | null;
  readonly customId: string | null;
  readonly metadata: Record<string, unknown> | null;
  readonly warnings: readonly string[];
}

/** Settings that a form's validity depends on. */
export interface FormSettings {
  readonly maxMessageLength: number;
  readonly maxRecipients: number;
  readonly defaultCountry: string | undefined;
  readonly allowedPrivateHosts: readonly string[];
}

/** Collects problems under the path they belong to. */
export type ReportProblem = (path: string, message: string) => void;
