import type { Random } from "../random.ts";

/** Of each class as many as its share says. */
const SHARES = [
  ["otp", 0.25],
  ["transactional", 0.35],
  ["promotional", 0.2],
  ["alert", 0.1],
  ["marketing", 0.1],
] as const;

export type SmsClass = (typeof SHARES)[number][0];

/** One request that a client is going to make, as the seed has it. */
export interface PlannedRequest {
  /** 0, 1, 2 … */
  readonly index: number;
  readonly smsType: SmsClass;
  /** E.164; each belongs to this request alone, so that what reaches a handset tells which request it came from. */
  readonly numbers: readonly string[];
  readonly text: string;
  readonly ttlS: number;
  /** From now, in s; none: at once. */
  readonly scheduleInS: number | undefined;
  /** `good`: repeats with its Idempotency-Key until it knows. `careless`: has none, and repeats all the same. */
  readonly manners: "good" | "careless";
  /** Whose key it carries. The one with a quota has good manners only, so that its quota can be counted exactly. */
  readonly tenant: Tenant;
}

export type Tenant = "unlimited" | "counted";

export interface PlanOptions {
  /** How long most messages may be worked on, in s. */
  readonly ttlS: number;
}

/** Some are worth something for a minute only: they expire when something is broken for longer. */
const SHORT_LIVED_SHARE = 0.05;
export const SHORT_TTL_S = 60;
const CARELESS_SHARE = 0.1;
/** Of those with good manners. */
const COUNTED_SHARE = 0.25;
const SCHEDULED_SHARE = 0.05;
const SCHEDULE_AHEAD_MAX_S = 15;
const SEVERAL_SHARE = 0.3;
/** Campaigns go to more people at a time than what somebody waits for. */
const RECIPIENTS_MAX: Readonly<Record<SmsClass, number>> = {
  otp: 1,
  transactional: 5,
  alert: 5,
  promotional: 20,
  marketing: 20,
};
/** German mobile numbers that nobody has: +49 15 and nine digits. The lab has no script for them, so it delivers. */
const NUMBER_PREFIX = "+4915";

/** Draws request after request, without end. */
export function* planRequests(random: Random, { ttlS }: PlanOptions): Generator<PlannedRequest> {
  let numbers = 0;
  for (let index = 0; ; index += 1) {
    const smsType = pickClass(random);
    // A login code goes to one person.
    const several = smsType !== "otp" && random.chance(SEVERAL_SHARE);
    const count = several ? random.int(2, RECIPIENTS_MAX[smsType]) : 1;
    const first = numbers;
    numbers += count;
    const manners = random.chance(CARELESS_SHARE) ? "careless" : "good";
    const isCounted = manners === "good" && random.chance(COUNTED_SHARE);
    yield {
      index,
      smsType,
      numbers: Array.from({ length: count }, (_, place) => NUMBER_PREFIX + String(first + place).padStart(9, "0")),
      text: `Request ${index} of the run`,
      ttlS: random.chance(SHORT_LIVED_SHARE) ? Math.min(SHORT_TTL_S, ttlS) : ttlS,
      scheduleInS: random.chance(SCHEDULED_SHARE) ? random.int(1, SCHEDULE_AHEAD_MAX_S) : undefined,
      manners,
      tenant: isCounted ? "counted" : "unlimited",
    };
  }
}

function pickClass(random: Random): SmsClass {
  let left = random.next();
  for (const [smsType, share] of SHARES) {
    left -= share;
    if (left < 0) return smsType;
  }
  return "transactional";
}
