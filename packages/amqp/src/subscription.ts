import { type ChangeSignal, reasonOf, withinMs } from "@sms-gateway/waiting";
import type { Channel, ConsumeMessage } from "amqplib";
import type { ReportEvent } from "./amqp-event.ts";
import { type BrokerConnection, closeChannel, openChannel } from "./broker-connection.ts";

/**
 * AMQP messages that are here and not acknowledged, at most. Half of them are with `take`, the other half wait to be the
 * next batch, so that `take` never waits for the network. Under load the gateway groups 30–200 envelopes into one message
 * (reference/measured.md) and the worker its reports, so this is far above any `batchMax`; single ones pile up only while
 * nobody reads, and 64 per batch drain fast.
 *
 * This is also the bound of a consumer's memory: 128 bodies, and of the batch in hand the parsed envelopes, about as much
 * again. A group is 1 MiB at most, or one request where that is larger; so 128 MiB of bodies where all groups are full,
 * some 10 MiB with the groups of usual load.
 */
const PREFETCH = 128;
const CALL_LIMIT_MS = 5000;

/**
 * One channel that consumes one queue: open → lost (channel or connection closed, consumer_timeout, queue deleted) or
 * cancelled by us → closed. Deliveries of a lost one are forgotten: the broker hands them out again.
 */
export class Subscription {
  readonly #channel: Channel;
  readonly #waiting: ConsumeMessage[] = [];
  readonly #changes: ChangeSignal;
  #lostBecause: string | undefined;
  #isChannelOpen = true;
  #consumerTag = "";

  constructor(channel: Channel, changes: ChangeSignal) {
    this.#channel = channel;
    this.#changes = changes;
    channel.on("error", (error) => this.#lose(error.message));
    channel.on("close", () => {
      this.#isChannelOpen = false;
      this.#lose("the channel was closed");
    });
  }

  /** Subscribes. `changes` is notified of every delivery and of the loss. @throws Error when the broker refuses or is silent. */
  static async open(
    connection: BrokerConnection,
    queue: string,
    { changes, report }: { readonly changes: ChangeSignal; readonly report: ReportEvent },
  ): Promise<Subscription> {
    const channel = await openChannel(connection, CALL_LIMIT_MS, report);
    const subscription = new Subscription(channel, changes);
    try {
      await withinMs(CALL_LIMIT_MS, `setting the prefetch of ${queue}`, channel.prefetch(PREFETCH));
      const consuming = channel.consume(queue, (message) => subscription.#receive(message));
      const { consumerTag } = await withinMs(CALL_LIMIT_MS, `consuming ${queue}`, consuming);
      subscription.#consumerTag = consumerTag;
      return subscription;
    } catch (error) {
      await closeChannel(channel, CALL_LIMIT_MS);
      throw error;
    }
  }

  /** Why it is of no use any more; `undefined` while it is. */
  get lostBecause(): string | undefined {
    return this.#lostBecause;
  }

  /** The oldest delivery that nobody has taken yet. */
  peek(): ConsumeMessage | undefined {
    return this.#waiting[0];
  }

  /** Removes what `peek` shows. */
  shift(): void {
    this.#waiting.shift();
  }

  /** Acknowledges this delivery and every earlier one; they are taken in order, so nothing is acknowledged unseen. */
  ackUpTo(message: ConsumeMessage): void {
    if (this.#lostBecause !== undefined) return;
    try {
      this.#channel.ack(message, true);
    } catch (error) {
      // The connection is closing and its channels have not been told yet; the batch will come again.
      this.#lose(reasonOf(error));
    }
  }

  /** Asks for no more deliveries; those that wait are forgotten and return to the queue with the channel's end. */
  async cancel(limitMs: number): Promise<void> {
    this.#waiting.length = 0;
    if (this.#lostBecause !== undefined) return;
    const cancelling = this.#channel.cancel(this.#consumerTag);
    // No answer means that the connection is going down; closing the channel has the same effect.
    await withinMs(limitMs, "cancelling", cancelling).catch((error: unknown) => error);
    this.#waiting.length = 0;
  }

  /**
   * Ends it; acks written before are taken by the broker first, and what is still in hand goes back to the queue. Never
   * throws. Also needed after a cancel by the broker, which leaves the channel and its unacknowledged deliveries as they are.
   */
  async close(limitMs: number): Promise<void> {
    this.#lostBecause ??= "closed by us";
    this.#waiting.length = 0;
    if (this.#isChannelOpen) await closeChannel(this.#channel, limitMs);
  }

  #receive(message: ConsumeMessage | null): void {
    // Null: the broker has cancelled us, because the queue was deleted or its leader is gone.
    if (message === null) this.#lose("cancelled by the broker");
    else if (this.#lostBecause === undefined) this.#waiting.push(message);
    this.#changes.notify();
  }

  #lose(reason: string): void {
    this.#lostBecause ??= reason;
    this.#waiting.length = 0;
    this.#changes.notify();
  }
}
