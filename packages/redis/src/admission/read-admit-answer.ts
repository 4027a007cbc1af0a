import {
  type AdmitAnswer,
  LIMIT_NAMES,
  type LimitName,
  type LimitState,
  type Reservation,
} from "@sms-gateway/contracts";

/**
 * Reads what the script `admit` returns.
 * @throws TypeError that names the first field that is not as agreed: script and reader differ.
 */
export function readAdmitAnswer(value: unknown): AdmitAnswer {
  const [outcome, ...facts] = readList(value, "answer");
  switch (outcome) {
    case "admitted":
      return {
        outcome,
        reservation: readReservation(facts[0]),
        takenOver: facts[1] === 1,
        limits: readLimits(facts[2]),
      };
    case "replay":
      return { outcome, reservation: readReservation(facts[0]) };
    case "limited":
      return {
        outcome,
        limit: readLimitName(facts[0]),
        retryAfterS: readNumber(facts[1], "retryAfterS"),
        limits: readLimits(facts[2]),
      };
    case "in_progress":
    case "key_reused":
    case "refused":
      return { outcome };
    default:
      throw new TypeError(`unknown outcome ${String(outcome)}`);
  }
}

function readReservation(value: unknown): Reservation {
  const fields = readList(value, "reservation");
  return {
    seed: readString(fields[0], "seed"),
    token: readString(fields[1], "token"),
    fingerprint: readString(fields[2], "fingerprint"),
    count: readNumber(fields[3], "count"),
    acceptedAtMs: readNumber(fields[4], "acceptedAtMs"),
    chargedDay: readString(fields[5], "chargedDay"),
    chargedAmount: readNumber(fields[6], "chargedAmount"),
    simulated: readNumber(fields[7], "simulated") === 1,
    memo: readString(fields[8], "memo"),
  };
}

function readLimits(value: unknown): LimitState[] {
  return readList(value, "limits").map((state) => {
    const [name, limit, remaining, resetS] = readList(state, "limit state");
    return {
      name: readLimitName(name),
      limit: readNumber(limit, "limit"),
      remaining: readNumber(remaining, "remaining"),
      resetS: readNumber(resetS, "resetS"),
    };
  });
}

function readLimitName(value: unknown): LimitName {
  const name = LIMIT_NAMES.find((known) => known === value);
  if (name === undefined) throw new TypeError(`unknown limit ${String(value)}`);
  return name;
}

function readList(value: unknown, field: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new TypeError(`${field} is not a list`);
  return value;
}

function readString(value: unknown, field: string): string {
  if (typeof value !== "string") throw new TypeError(`${field} is not a string`);
  return value;
}

function readNumber(value: unknown, field: string): number {
  if (typeof value !== "number") throw new TypeError(`${field} is not a number`);
  return value;
}
