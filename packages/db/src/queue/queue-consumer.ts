import { type ConsumeOptions, type Consumption, type DeadLetter, QUEUE_NAMES } from "@sms-gateway/contracts";
import { type BackOff, ChangeSignal, fullJitterMs, halfJitterMs, untilFirst } from "@sms-gateway/waiting";
import { toDatabaseError } from "../database-errors.ts";
import type { Batch, Claims } from "./claims.ts";
import { RECONNECT } from "./pauses.ts";
import type { ReportEvent } from "./queue-event.ts";
import type { WakeUps } from "./wake-ups.ts";

export interface ConsumerSettings<T> {
  readonly queue: string;
  /** Opens a connection of its own; `onLost` is called once when that ends. @throws Error when it fails. */
  readonly openClaims: (onLost: () => void) => Promise<Claims<T>>;
  readonly options: ConsumeOptions<T>;
  readonly retake: BackOff;
  /** How often an idle consumer looks for groups of other processes, in milliseconds. */
  readonly pollMs: number;
  readonly wakeUps: WakeUps;
  readonly report: ReportEvent;
}

/** While a batch is held; far below the time after which the server takes it back from somebody silent. */
const HEARTBEAT_MS = 5_000;
/** A connection that lived this long was a good one: the next back-off starts small again. */
const GOOD_LIFE_MS = 10_000;

/**
 * Consumes one queue, one batch after the other, on a connection of its own.
 *
 *   connecting → waiting → taking → settled → waiting …
 *        ▲          │         │
 *        │          │         └ failed → pausing → taking (the same batch; nothing else is taken meanwhile)
 *        └── lost ──┴── any of these, when the connection goes; its groups are free again
 *   any → stopping → stopped
 *
 * The batch stays locked while `take` fails. The trade is the one of the consumer over AMQP: a batch that cannot be taken
 * holds up its consumer, and whoever writes `take` isolates what is at fault (architecture.md 5.3).
 */
export class QueueConsumer<T> implements Consumption {
  readonly #settings: ConsumerSettings<T>;
  readonly #changes = new ChangeSignal();
  readonly #running: Promise<void>;
  #claims: Claims<T> | undefined;
  #hasNews = true;
  /** The queue has been read, and since then nothing has failed. */
  #isWell = true;
  #outageIsTold = false;
  #stopping: Promise<void> | undefined;

  constructor(settings: ConsumerSettings<T>) {
    this.#settings = settings;
    const listenNoMore = settings.wakeUps.listen(settings.queue, () => {
      this.#hasNews = true;
      this.#changes.notify();
    });
    this.#running = this.#run().finally(listenNoMore);
  }

  /** Whether it has reached its queue at its last try; also before the first one has ended. */
  get isWell(): boolean {
    return this.#isWell;
  }

  get isStopping(): boolean {
    return this.#stopping !== undefined;
  }

  stop(deadlineMs: number): Promise<void> {
    this.#stopping ??= this.#stop(deadlineMs);
    return this.#stopping;
  }

  async #stop(deadlineMs: number): Promise<void> {
    this.#changes.notify();
    await untilFirst(deadlineMs, [this.#running]);
    // Past the deadline: what it holds is given back, and a late success settles nothing.
    await this.#claims?.connection.close();
  }

  async #run(): Promise<void> {
    let failures = 0;
    while (!this.isStopping) {
      const startedAt = performance.now();
      try {
        await this.#consumeOnce();
      } catch (error) {
        if (!this.isStopping) this.#tellOutage(error);
      }
      this.#isWell = false;
      if (this.isStopping) return;
      failures = performance.now() - startedAt > GOOD_LIFE_MS ? 1 : failures + 1;
      await this.#pause(fullJitterMs(RECONNECT, failures));
    }
  }

  /** One connection from its opening to its end. @throws whatever has ended it, unless it was stopped. */
  async #consumeOnce(): Promise<void> {
    const { openClaims, queue, wakeUps } = this.#settings;
    const claims = await openClaims(() => this.#changes.notify());
    this.#claims = claims;
    try {
      while (!this.#isOver(claims)) await this.#consumeBatch(claims);
      if (!this.isStopping) throw new Error(`${queue} is not consumed: ${claims.connection.lostBecause}`);
    } finally {
      this.#claims = undefined;
      await claims.connection.close();
      // What it held is free now, and other consumers of this process need not wait to find out.
      wakeUps.notify(queue);
    }
  }

  async #consumeBatch(claims: Claims<T>): Promise<void> {
    const batch = await this.#nextBatch(claims);
    if (batch === undefined) return;
    let failures = 0;
    while (!(await this.#take(batch, claims))) {
      failures += 1;
      await this.#pause(halfJitterMs(this.#settings.retake, failures), claims);
      if (this.#isOver(claims)) return;
      if (!(await claims.relock(batch.ids))) return;
    }
    // Also while stopping: what has been taken must not come again.
    if (claims.connection.lostBecause !== undefined) return;
    await claims.settle(batch);
    const { queue, wakeUps } = this.#settings;
    for (const { part } of batch.bad) this.#tell({ deadLetter: { queue, problem: part.problem } });
    if (batch.bad.length > 0) wakeUps.notify(QUEUE_NAMES.dead);
  }

  /** Waits until there is something to claim; `undefined` when the connection is lost or the consumer stops. */
  async #nextBatch(claims: Claims<T>): Promise<Batch<T> | undefined> {
    const { options, pollMs } = this.#settings;
    while (!this.#isOver(claims)) {
      // Taken back before the table is read, so that a group that comes meanwhile is not overlooked.
      const isAwaited = this.#hasNews || (await claims.hasAny());
      this.#hasNews = false;
      const batch = isAwaited ? await claims.claim(options.batchMax) : undefined;
      this.#isWell = true;
      this.#outageIsTold = false;
      if (batch !== undefined && batch.ids.length > 0) {
        // There may be more than fits into a batch.
        this.#hasNews = true;
        return this.isStopping ? undefined : batch;
      }
      const until = performance.now() + pollMs;
      while (!this.#hasNews && !this.#isOver(claims) && performance.now() < until) {
        await this.#changes.next(until - performance.now());
      }
    }
    return undefined;
  }

  /** @returns whether what there is to see in it has been taken. */
  async #take(batch: Batch<T>, claims: Claims<T>): Promise<boolean> {
    // Without envelopes there may be stamps to be seen.
    if (batch.good.length === 0 && batch.groups.every(({ stamp }) => stamp === null)) return true;
    const taking = this.#callTake(batch);
    let isDone = false;
    void taking.then(() => {
      isDone = true;
    });
    await untilFirst(HEARTBEAT_MS, [taking]);
    // Nothing else is taken before this call is over, whatever becomes of the connection.
    while (!isDone) {
      if (claims.connection.lostBecause === undefined) await this.#beat(claims);
      await untilFirst(HEARTBEAT_MS, [taking]);
    }
    return await taking;
  }

  async #callTake({ good, groups }: Batch<T>): Promise<boolean> {
    try {
      await this.#settings.options.take(good, groups);
      return true;
    } catch (error) {
      this.#tell({ error });
      return false;
    }
  }

  async #beat({ connection }: Claims<T>): Promise<void> {
    try {
      await connection.beat();
    } catch {
      // Closing it makes it lost, which is seen and told when `take` is over.
      await connection.close();
    }
  }

  /** Once per outage; the tries in between say nothing new. */
  #tellOutage(error: unknown): void {
    if (this.#outageIsTold) return;
    this.#outageIsTold = true;
    this.#tell({ error: toDatabaseError(error) });
  }

  #tell(problem: { readonly error?: unknown; readonly deadLetter?: DeadLetter }): void {
    try {
      this.#settings.options.onProblem(problem);
    } catch (error) {
      // A listener at fault must not stop a queue.
      this.#settings.report({ event: "fault", error });
    }
  }

  #isOver({ connection }: Claims<T>): boolean {
    return this.isStopping || connection.lostBecause !== undefined;
  }

  /** Ends early when the consumer is stopped or its connection lost. */
  async #pause(forMs: number, claims?: Claims<T>): Promise<void> {
    const until = performance.now() + forMs;
    while (performance.now() < until && !this.isStopping && claims?.connection.lostBecause === undefined) {
      await this.#changes.next(until - performance.now());
    }
  }
}
