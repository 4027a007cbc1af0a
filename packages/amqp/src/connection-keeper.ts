import { ChangeSignal, fullJitterMs, reasonOf, TimeLimitError, untilFirst, withinMs } from "@sms-gateway/waiting";
import type { ConnectionPurpose, ReportEvent } from "./amqp-event.ts";
import type { BrokerConnection } from "./broker-connection.ts";
import { RECONNECT } from "./pauses.ts";

/** A connection that is ready for use, with what was prepared on it. */
export interface Link<T> {
  readonly connection: BrokerConnection;
  readonly prepared: T;
}

export interface KeeperSettings<T> {
  readonly purpose: ConnectionPurpose;
  readonly connect: (onBlockedChange: () => void) => Promise<BrokerConnection>;
  /** Topology, channels: what must be done before the first use of every connection. */
  readonly prepare: (connection: BrokerConnection) => Promise<T>;
  /** Awaited before a retired connection is closed: what is under way on it may still be answered. Must end by itself. */
  readonly untilIdle: (prepared: T) => Promise<void>;
  readonly report: ReportEvent;
}

/** Declaring five new quorum queues on a busy small machine takes a second or two. */
const PREPARE_LIMIT_MS = 10_000;
/** A connection that lived this long was a good one: the next back-off starts small again. */
const GOOD_LIFE_MS = 10_000;

/**
 * Keeps one connection to the broker; amqplib does not reconnect.
 *
 *   away ──connect──▶ preparing ──▶ ready ⇄ blocked
 *    ▲                   │            │       │
 *    └──── back-off ─────┴── lost or retired ─┘          any ──▶ closed
 *
 * A connection is retired when it is open and no longer trusted: it answers nothing, or the topology under it is gone. The
 * next one declares everything anew, and that is the only way in which topology is repaired for publishing.
 */
export class ConnectionKeeper<T> {
  readonly #settings: KeeperSettings<T>;
  readonly #changes = new ChangeSignal();
  #running: Promise<void> | undefined;
  #closed = false;
  /** From the end of the handshake on, even while it is being prepared. */
  #connection: BrokerConnection | undefined;
  #link: Link<T> | undefined;
  #lastFailure = "not connected yet";
  readonly #whenClosed: Promise<never>;
  #rejectWhenClosed: () => void = () => undefined;

  constructor(settings: KeeperSettings<T>) {
    this.#settings = settings;
    this.#whenClosed = new Promise((_, reject) => {
      this.#rejectWhenClosed = () => reject(new Error("closed"));
    });
    // Only ever raced; closing while nobody races it is no fault.
    void Promise.allSettled([this.#whenClosed]);
  }

  /** Starts connecting; nothing when it has been started. */
  start(): void {
    this.#running ??= this.#run();
  }

  get isStarted(): boolean {
    return this.#running !== undefined;
  }

  /** The link, where it can be used this moment. */
  ready(): Link<T> | undefined {
    const link = this.#link;
    if (link === undefined || link.connection.isGone() || link.connection.blockedBecause() !== undefined)
      return undefined;
    return link;
  }

  blockedBecause(): string | undefined {
    return this.#connection?.blockedBecause();
  }

  /** Why `ready` gives nothing, in words without addresses: anyone who reaches `/readyz` reads them. */
  whyNotReady(): string {
    const blocked = this.blockedBecause();
    return blocked === undefined ? "no connection" : `the broker blocks publishers: ${blocked}`;
  }

  /** A usable link other than the given one, as soon as there is one; `undefined` when the time is up or all is closed. */
  async untilReady(limitMs: number, otherThan?: Link<T>): Promise<Link<T> | undefined> {
    const deadline = performance.now() + limitMs;
    for (;;) {
      const link = this.ready();
      if (link !== undefined && link !== otherThan) return link;
      const leftMs = deadline - performance.now();
      if (this.#closed || leftMs <= 0) return undefined;
      await this.#changes.next(leftMs);
    }
  }

  /** Uses this link no more and connects anew. Nothing when it has been replaced already. */
  retire(link: Link<T>, reason: string): void {
    if (this.#link !== link) return;
    this.#link = undefined;
    this.#lastFailure = reason;
    this.#changes.notify();
  }

  /** Closes what is open, in good order where the broker answers. Bounded by what `untilIdle` is bounded by. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#lastFailure = "closed";
    this.#rejectWhenClosed();
    this.#changes.notify();
    await this.#running;
  }

  async #run(): Promise<void> {
    let failures = 0;
    while (!this.#closed) {
      const startedAt = performance.now();
      const reason = await this.#liveOnce();
      if (this.#closed) return;
      failures = performance.now() - startedAt > GOOD_LIFE_MS ? 1 : failures + 1;
      const retryInMs = fullJitterMs(RECONNECT, failures);
      this.#settings.report({ event: "lost", connection: this.#settings.purpose, reason, failures, retryInMs });
      const retryAt = performance.now() + retryInMs;
      while (!this.#closed && performance.now() < retryAt) await this.#changes.next(retryAt - performance.now());
    }
  }

  /** One connection from its opening to its end. @returns why it ended. */
  async #liveOnce(): Promise<string> {
    let link: Link<T> | undefined;
    try {
      this.#connection = await this.#connect();
      link = await this.#prepare(this.#connection);
      const connection = link.connection;
      this.#link = link;
      this.#settings.report({
        event: "connected",
        connection: this.#settings.purpose,
        serverVersion: connection.serverVersion,
      });
      this.#changes.notify();
      void connection.gone.then(() => this.#changes.notify());
      while (!this.#closed && this.#link === link && !connection.isGone()) await this.#changes.next();
      if (connection.isGone()) this.#lastFailure = await connection.gone;
    } catch (error) {
      this.#lastFailure = reasonOf(error);
    }
    const connection = this.#connection;
    this.#connection = undefined;
    this.#link = undefined;
    if (connection !== undefined) {
      const closing = this.#letGo(connection, link);
      // A retired connection closes beside its successor; at the end, nothing may be left open.
      if (this.#closed) await closing;
    }
    return this.#lastFailure;
  }

  async #connect(): Promise<BrokerConnection> {
    const opening = this.#settings.connect(() => this.#changes.notify());
    try {
      return await Promise.race([opening, this.#whenClosed]);
    } catch (error) {
      // Closed while connecting: the connection may still come. A failure to connect leaves nothing to close.
      void opening.then(
        (late) => late.close(),
        () => undefined,
      );
      throw error;
    }
  }

  async #prepare(connection: BrokerConnection): Promise<Link<T>> {
    const preparing = this.#settings.prepare(connection);
    for (;;) {
      try {
        const lost = connection.gone.then((reason) => Promise.reject(new Error(reason)));
        const work = Promise.race([preparing, lost, this.#whenClosed]);
        return { connection, prepared: await withinMs(PREPARE_LIMIT_MS, "preparing the connection", work) };
      } catch (error) {
        // A blocked connection stays: it is the one that will be told when the alarm is over.
        if (!(error instanceof TimeLimitError) || connection.blockedBecause() === undefined) throw error;
      }
    }
  }

  async #letGo(connection: BrokerConnection, link: Link<T> | undefined): Promise<void> {
    if (link !== undefined)
      await untilFirst(PREPARE_LIMIT_MS, [this.#settings.untilIdle(link.prepared), connection.gone]);
    await connection.close();
  }
}
