import { randomBytes } from "node:crypto";
import type { Settings } from "@sms-gateway/testkit";

/** What all processes of one world agree on. */
export interface SharedSettings {
  readonly apiKey: string;
  readonly labToken: string;
  readonly common: Settings;
}

/** A group that is missing for so long counts as lost; a run ends before the product's own 300 s. */
const LOST_AFTER_S = 20;
/** A run is over when the last lost report has been asked for; with the product's own 10 that would be most of its time. */
const QUESTIONS_PER_SECOND = 50;
/** From a submit to the handset. The lab's own second would only keep more messages under way. */
const DELIVERY_DELAY_MS = 300;

/** What a run sets otherwise than it is by default, beside addresses and secrets; everything else is tried as it is. */
export const RUN_SETTINGS: Settings = {
  LOG_LEVEL: "warn",
  // Rates and the quota of everybody are off; the counted client has a quota of its own.
  RATE_LIMIT_PER_SECOND: "0",
  RATE_LIMIT_PER_MINUTE: "0",
  RATE_LIMIT_PER_HOUR: "0",
  DEFAULT_DAILY_QUOTA: "0",
  ACCOUNTING_LOST_AFTER_S: `${LOST_AFTER_S}`,
  REPORT_QUESTIONS_PER_SECOND: `${QUESTIONS_PER_SECOND}`,
  LAB_DELIVERY_DELAY_MS: `${DELIVERY_DELAY_MS}`,
};

/** The settings of a run beside addresses. */
export function makeSharedSettings(): SharedSettings {
  return {
    apiKey: `sk_test_${randomBytes(16).toString("hex")}`,
    labToken: newSecret(),
    common: { NODE_ENV: "production", ID_SECRET: newSecret(), INTERNAL_TOKEN: newSecret(), ...RUN_SETTINGS },
  };
}

function newSecret(): string {
  return randomBytes(32).toString("hex");
}
