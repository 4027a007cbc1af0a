import { withinMs } from "@sms-gateway/waiting";
import type pg from "pg";
import { MEASURE_QUEUE } from "../sql/measure-queue.ts";

export interface LimitSettings {
  /** Most groups in each queue. */
  readonly maxLengthMessages?: number;
  /** The same in bytes of bodies. */
  readonly maxLengthBytes?: number;
}

/** What a queue is believed to hold: as measured last, plus what has been published since. */
interface Estimate {
  groups: number;
  bytes: number;
  readonly staleAt: number;
}

/** A measurement serves for a second, and for twenty times as long as it took: it costs one connection 5 % at most. */
const FRESH_MS = 1000;
const FRESH_PER_COST = 20;
const MEASURE_LIMIT_MS = 1500;

/**
 * Bounds what waits in a queue without counting it for every publish. The bound is soft, as over AMQP: several processes
 * that publish at once may together go beyond it by what they publish within a second.
 */
export class QueueLimit {
  readonly #settings: LimitSettings;
  readonly #estimates = new Map<string, Estimate>();
  readonly #measuring = new Map<string, Promise<void>>();

  constructor(settings: LimitSettings) {
    this.#settings = settings;
  }

  /**
   * Whether the queue has no room. Waits for a measurement only where there is none, or where an old one says full.
   * Where measuring fails, the one before counts, with what was published since: the longer a queue, the longer it takes
   * to measure. Without any nothing is refused; the publish itself will find out what is wrong.
   */
  async isFull(pool: pg.Pool, queue: string): Promise<boolean> {
    if (this.#settings.maxLengthMessages === undefined && this.#settings.maxLengthBytes === undefined) return false;
    const known = this.#estimates.get(queue);
    if (known === undefined || known.staleAt <= performance.now()) {
      const measuring = this.#measure(pool, queue);
      if (known === undefined || this.#isBeyond(known)) await measuring;
    }
    const estimate = this.#estimates.get(queue);
    return estimate !== undefined && this.#isBeyond(estimate);
  }

  /** A group has been published. */
  add(queue: string, bytes: number): void {
    const estimate = this.#estimates.get(queue);
    if (estimate === undefined) return;
    estimate.groups += 1;
    estimate.bytes += bytes;
  }

  #isBeyond({ groups, bytes }: Estimate): boolean {
    const { maxLengthMessages = Number.POSITIVE_INFINITY, maxLengthBytes = Number.POSITIVE_INFINITY } = this.#settings;
    return groups >= maxLengthMessages || bytes >= maxLengthBytes;
  }

  /** Publishers that come together share one measurement. */
  #measure(pool: pg.Pool, queue: string): Promise<void> {
    const measuring = this.#measuring.get(queue) ?? this.#measureOnce(pool, queue);
    this.#measuring.set(queue, measuring);
    return measuring;
  }

  async #measureOnce(pool: pg.Pool, queue: string): Promise<void> {
    const startedAt = performance.now();
    try {
      const values = [queue, this.#settings.maxLengthMessages ?? null];
      const asking = pool.query<{ groups: number; bytes: number }>({ ...MEASURE_QUEUE, values });
      const [row] = (await withinMs(MEASURE_LIMIT_MS, "measuring the queue", asking)).rows;
      const now = performance.now();
      const staleAt = now + Math.max(FRESH_MS, FRESH_PER_COST * (now - startedAt));
      if (row !== undefined) this.#estimates.set(queue, { ...row, staleAt });
    } catch {
      // Not measured is an answer here; see isFull.
      const known = this.#estimates.get(queue);
      if (known !== undefined) this.#estimates.set(queue, { ...known, staleAt: performance.now() + FRESH_MS });
    } finally {
      this.#measuring.delete(queue);
    }
  }
}
