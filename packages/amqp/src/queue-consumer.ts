import { setImmediate as nextTurn } from "node:timers/promises";
import {
  type BadPart,
  type ConsumeOptions,
  type Consumption,
  type DeadLetter,
  type DeliveryContent,
  readStamp,
  type TakenGroup,
} from "@sms-gateway/contracts";
import { type BackOff, ChangeSignal, fullJitterMs, halfJitterMs, reasonOf, untilFirst } from "@sms-gateway/waiting";
import type { ConsumeMessage } from "amqplib";
import type { ReportEvent } from "./amqp-event.ts";
import type { BrokerConnection } from "./broker-connection.ts";
import type { ConnectionKeeper } from "./connection-keeper.ts";
import { RECONNECT } from "./pauses.ts";
import { Subscription } from "./subscription.ts";

export type ReadMessage<T> = (message: ConsumeMessage) => DeliveryContent<T>;

export interface ConsumerSettings<T> {
  readonly queue: string;
  readonly keeper: ConnectionKeeper<undefined>;
  readonly read: ReadMessage<T>;
  readonly options: ConsumeOptions<T>;
  /** Declares the queue. */
  readonly declare: (connection: BrokerConnection) => Promise<void>;
  /** Puts a bad part aside with a confirmed publish. @throws Error when that is not certain. */
  readonly bury: (bad: BadPart, delivery: ConsumeMessage) => Promise<void>;
  readonly retake: BackOff;
  /** See IDLE_LIMIT_MS. */
  readonly idleLimitMs: number;
  readonly report: ReportEvent;
}

/** What one call of `take` gets, and what becomes of it. Parts that are done are not done again when another part fails. */
interface Batch<T> {
  readonly last: ConsumeMessage;
  readonly good: readonly T[];
  readonly groups: readonly TakenGroup[];
  isTaken: boolean;
  bad: readonly { readonly part: BadPart; readonly delivery: ConsumeMessage }[];
}

type SubscriptionEnd =
  | { readonly because: "no connection" | "stopped" | "idle" }
  | { readonly because: "lost"; readonly reason: string };

interface Delivery<T> {
  readonly message: ConsumeMessage;
  readonly content: DeliveryContent<T>;
}

const LIMIT_OF_ONE_STEP_MS = 5000;
/**
 * A subscription that has heard nothing for this long is replaced. RabbitMQ can leave one that looks alive and is not: when
 * a quorum queue is deleted and declared anew before its consumers were told (some 30 ms), the broker moves them to the new
 * queue by itself and then swallows their deliveries as already seen, until the channel ends [ran against 3.10].
 */
export const IDLE_LIMIT_MS = 60_000;
/** A subscription that lived this long was a good one: the next back-off starts small again. */
const GOOD_LIFE_MS = 10_000;

/**
 * Consumes one queue, one batch after the other.
 *
 *   subscribing → waiting → taking → acknowledged → waiting …
 *        ▲           │         │
 *        │           │         └ failed → pausing → taking (the same batch; nothing else is taken meanwhile)
 *        └── lost ───┴── any of these, when the channel or the connection goes; the batch comes again
 *   any → stopping → stopped
 *
 * Neither acked nor nacked while `take` fails: a nack would send the batch round and round through the broker. The trade:
 * one batch that cannot be taken holds up its queue; whoever writes `take` isolates what is at fault (architecture.md 5.3).
 */
export class QueueConsumer<T> implements Consumption {
  readonly #settings: ConsumerSettings<T>;
  readonly #changes = new ChangeSignal();
  readonly #running: Promise<void>;
  #subscription: Subscription | undefined;
  #next: Delivery<T> | undefined;
  #stopping: Promise<void> | undefined;

  constructor(settings: ConsumerSettings<T>) {
    this.#settings = settings;
    this.#running = this.#run();
  }

  stop(deadlineMs: number): Promise<void> {
    this.#stopping ??= this.#stop(deadlineMs);
    return this.#stopping;
  }

  async #stop(deadlineMs: number): Promise<void> {
    const deadline = performance.now() + deadlineMs;
    const leftMs = (): number => Math.max(1, Math.min(LIMIT_OF_ONE_STEP_MS, deadline - performance.now()));
    this.#changes.notify();
    await this.#subscription?.cancel(leftMs());
    // Also long enough for a subscription that is just being made.
    await untilFirst(deadline - performance.now(), [this.#running]);
    await this.#subscription?.close(leftMs());
    // Past the deadline: whatever it still holds or gets is given back.
    void this.#running.then(() => this.#subscription?.close(LIMIT_OF_ONE_STEP_MS));
  }

  get #isStopping(): boolean {
    return this.#stopping !== undefined;
  }

  async #run(): Promise<void> {
    // One turn later, so that the constructor has returned.
    await nextTurn();
    let failures = 0;
    let wasIdle = false;
    while (!this.#isStopping) {
      const startedAt = performance.now();
      const end = await this.#consumeOnce(wasIdle);
      wasIdle = end.because === "idle";
      if (wasIdle) continue;
      if (this.#isStopping) return;
      failures = performance.now() - startedAt > GOOD_LIFE_MS ? 1 : failures + 1;
      if (end.because === "lost") {
        this.#settings.report({ event: "consumer_lost", queue: this.#settings.queue, reason: end.reason });
      }
      await this.#pause(fullJitterMs(RECONNECT, failures));
    }
  }

  /**
   * One subscription from its start to its end. The queue is declared first, since it may be what was lost; not after an
   * idle subscription, whose queue was there to the end: the broker logs an error for each declaration of a queue that has
   * other arguments.
   */
  async #consumeOnce(isKnownToBeThere: boolean): Promise<SubscriptionEnd> {
    const { keeper, queue, declare, report } = this.#settings;
    const link = await keeper.untilReady(LIMIT_OF_ONE_STEP_MS);
    if (link === undefined || this.#isStopping) return { because: "no connection" };
    try {
      if (!isKnownToBeThere) await declare(link.connection);
      const subscription = await Subscription.open(link.connection, queue, { changes: this.#changes, report });
      this.#subscription = subscription;
      await this.#consume(subscription);
      // While stopping, `stop` closes it, after everything has been acknowledged.
      if (this.#isStopping) return { because: "stopped" };
      const reason = subscription.lostBecause;
      await subscription.close(LIMIT_OF_ONE_STEP_MS);
      return reason === undefined ? { because: "idle" } : { because: "lost", reason };
    } catch (error) {
      return { because: "lost", reason: reasonOf(error) };
    }
  }

  async #consume(subscription: Subscription): Promise<void> {
    this.#next = undefined;
    for (;;) {
      const batch = await this.#nextBatch(subscription);
      if (batch === undefined) return;
      let failures = 0;
      while (!(await this.#finish(batch))) {
        if (this.#isStopping || subscription.lostBecause !== undefined) return;
        failures += 1;
        await this.#pause(halfJitterMs(this.#settings.retake, failures), subscription);
        if (this.#isStopping || subscription.lostBecause !== undefined) return;
      }
      subscription.ackUpTo(batch.last);
    }
  }

  /** What is there, up to `batchMax` envelopes; waits for the first delivery only. `undefined` at the end or when idle. */
  async #nextBatch(subscription: Subscription): Promise<Batch<T> | undefined> {
    const isOver = (): boolean => this.#isStopping || subscription.lostBecause !== undefined;
    const idleAt = performance.now() + this.#settings.idleLimitMs;
    while (!isOver() && subscription.peek() === undefined) {
      const leftMs = idleAt - performance.now();
      if (leftMs <= 0) return undefined;
      await this.#changes.next(leftMs);
    }
    // Deliveries of one read of the socket come in one turn of the loop; after it, all of them are here.
    await nextTurn();
    const good: T[] = [];
    const groups: TakenGroup[] = [];
    const bad: { part: BadPart; delivery: ConsumeMessage }[] = [];
    let last: ConsumeMessage | undefined;
    while (!isOver()) {
      const delivery = this.#read(subscription.peek());
      if (delivery === undefined) break;
      // A delivery is never divided, so one that is larger than a batch is a batch of its own.
      if (last !== undefined && good.length + delivery.content.good.length > this.#settings.options.batchMax) break;
      subscription.shift();
      last = delivery.message;
      groups.push(describeGroup(delivery));
      for (const envelope of delivery.content.good) good.push(envelope);
      for (const part of delivery.content.bad) bad.push({ part, delivery: last });
    }
    return last === undefined || isOver() ? undefined : { last, good, groups, isTaken: false, bad };
  }

  /** Reads a delivery once, though it may have to wait for the next batch. */
  #read(message: ConsumeMessage | undefined): Delivery<T> | undefined {
    if (message === undefined) return undefined;
    if (this.#next?.message !== message) this.#next = { message, content: this.#settings.read(message) };
    return this.#next;
  }

  /** Good ones first: poison that cannot be put aside must not hold up what is in order. @returns whether all is done. */
  async #finish(batch: Batch<T>): Promise<boolean> {
    const { options, queue, bury } = this.#settings;
    try {
      // Without envelopes there may be stamps to be seen.
      const isWorthTaking = batch.good.length > 0 || batch.groups.some(({ stamp }) => stamp !== null);
      if (isWorthTaking && !batch.isTaken) await options.take(batch.good, batch.groups);
      batch.isTaken = true;
      while (batch.bad[0] !== undefined) {
        const { part, delivery } = batch.bad[0];
        await bury(part, delivery);
        batch.bad = batch.bad.slice(1);
        this.#tell({ deadLetter: { queue, problem: part.problem } });
      }
      return true;
    } catch (error) {
      this.#tell({ error });
      return false;
    }
  }

  #tell(problem: { readonly error?: unknown; readonly deadLetter?: DeadLetter }): void {
    try {
      this.#settings.options.onProblem(problem);
    } catch (error) {
      // A listener at fault must not stop a queue.
      this.#settings.report({ event: "fault", error });
    }
  }

  /** Ends early when the consumer is stopped or its subscription lost. */
  async #pause(forMs: number, subscription?: Subscription): Promise<void> {
    const until = performance.now() + forMs;
    while (performance.now() < until && !this.#isStopping && subscription?.lostBecause === undefined) {
      await this.#changes.next(until - performance.now());
    }
  }
}

function describeGroup<T>({ message, content }: Delivery<T>): TakenGroup {
  const stamp: unknown = message.properties.headers?.stamp;
  return { stamp: readStamp(stamp), size: content.good.length, buried: content.bad.length };
}
