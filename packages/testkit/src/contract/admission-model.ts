import type { AdmitAnswer, AdmitRequest, LimitName, Reservation, ReservationRef } from "@sms-gateway/contracts";

/** An answer without what depends on the clock. */
export type PredictedAnswer = { readonly outcome: AdmitAnswer["outcome"] } & Partial<{
  readonly reservation: Reservation;
  readonly takenOver: boolean;
  readonly limit: LimitName;
  readonly remaining: Readonly<Record<string, number>>;
}>;

interface Stored {
  readonly reservation: Reservation;
  readonly state: "pending" | "settled" | "abandoned";
  readonly unsure: boolean;
}

/**
 * What an admission must do, as plainly as it can be said: one client, no time. `stale` says whether the gateway sees
 * pending reservations as old. Of the rates only the hourly one is modelled: no run lasts long enough for it to recover.
 */
export class AdmissionModel {
  readonly #stored = new Map<string, Stored>();
  readonly #fenced = new Set<string>();
  readonly #quota = new Map<string, number>();
  #hourly = 0;

  admit(request: AdmitRequest, stale: boolean): PredictedAnswer {
    const { ref, limits, count, day } = request;
    if (this.#fenced.has(ref.token)) return { outcome: "in_progress" };
    const stored = this.#stored.get(nameOf(ref));
    if (stored !== undefined) return this.#answerStored(request, stored, stale);
    if (request.refused) return { outcome: "refused" };
    const remaining = this.#remaining(request);
    if (limits.perHour > 0 && this.#hourly >= limits.perHour)
      return { outcome: "limited", limit: "per_hour", remaining };
    if (limits.dailyQuota > 0 && this.quota(day) + count > limits.dailyQuota) {
      return { outcome: "limited", limit: "daily_quota", remaining };
    }
    if (limits.perHour > 0) this.#hourly += 1;
    this.#quota.set(day, this.quota(day) + count);
    const { seed, token } = ref;
    const { fingerprint, acceptedAtMs, simulated, memo } = request;
    const charged = { chargedDay: day, chargedAmount: count };
    const reservation = { seed, token, fingerprint, count, acceptedAtMs, ...charged, simulated, memo };
    this.#stored.set(nameOf(ref), { reservation, state: "pending", unsure: false });
    return { outcome: "admitted", reservation, takenOver: false, remaining: this.#remaining(request) };
  }

  settle(ref: ReservationRef): void {
    const held = this.#heldBy(ref);
    if (held !== undefined) this.#stored.set(nameOf(ref), { ...held, state: "settled" });
  }

  abandon(ref: ReservationRef): void {
    const held = this.#heldBy(ref);
    if (held?.state === "pending") this.#stored.set(nameOf(ref), { ...held, state: "abandoned" });
  }

  release(ref: ReservationRef): void {
    const held = this.#heldBy(ref);
    if (held === undefined) this.#fenced.add(ref.token);
    if (held?.state !== "pending") return;
    if (held.unsure) {
      this.#stored.set(nameOf(ref), { ...held, state: "abandoned" });
      return;
    }
    const { chargedDay, chargedAmount } = held.reservation;
    this.#quota.set(chargedDay, Math.max(0, this.quota(chargedDay) - chargedAmount));
    this.#stored.delete(nameOf(ref));
  }

  quota(day: string): number {
    return this.#quota.get(day) ?? 0;
  }

  #answerStored(request: AdmitRequest, stored: Stored, stale: boolean): PredictedAnswer {
    const { reservation, state } = stored;
    if (reservation.fingerprint !== request.fingerprint) return { outcome: "key_reused" };
    if (state === "settled") return { outcome: "replay", reservation };
    const remaining = this.#remaining(request);
    if (state === "pending" && reservation.token === request.ref.token) {
      return { outcome: "admitted", reservation, takenOver: stored.unsure, remaining };
    }
    if (state === "pending" && !stale) return { outcome: "in_progress" };
    const taken = { ...reservation, token: request.ref.token };
    this.#stored.set(nameOf(request.ref), { reservation: taken, state: "pending", unsure: true });
    return { outcome: "admitted", reservation: taken, takenOver: true, remaining };
  }

  #remaining({ limits, day }: AdmitRequest): Record<string, number> {
    return {
      ...(limits.perHour > 0 ? { per_hour: limits.perHour - this.#hourly } : {}),
      ...(limits.dailyQuota > 0 ? { daily_quota: Math.max(0, limits.dailyQuota - this.quota(day)) } : {}),
    };
  }

  #heldBy(ref: ReservationRef): Stored | undefined {
    const stored = this.#stored.get(nameOf(ref));
    return stored?.reservation.token === ref.token ? stored : undefined;
  }
}

/** An answer as the model predicts it. */
export function withoutTimes(answer: AdmitAnswer): PredictedAnswer {
  if (!("limits" in answer)) return answer;
  const { limits } = answer;
  const remaining = Object.fromEntries(limits.map((state) => [state.name, state.remaining]));
  return answer.outcome === "admitted"
    ? { outcome: answer.outcome, reservation: answer.reservation, takenOver: answer.takenOver, remaining }
    : { outcome: answer.outcome, limit: answer.limit, remaining };
}

function nameOf({ idempotencyKeyHash, seed }: ReservationRef): string {
  return idempotencyKeyHash ?? seed;
}
