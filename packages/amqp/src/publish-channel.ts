import { type ConfirmChannel, IllegalOperationError } from "amqplib";
import type { ReportEvent } from "./amqp-event.ts";
import { type BrokerConnection, openConfirmChannel } from "./broker-connection.ts";
import { PublishTry } from "./publish-try.ts";

export interface OutgoingMessage {
  readonly queue: string;
  /** Unique per message; a second try of the same message has the same. Returns are matched by it. */
  readonly messageId: string;
  readonly type: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly contentType: string;
  readonly body: Buffer;
}

const OPEN_LIMIT_MS = 3000;

/** The confirm channel of a publishing connection: writes messages and matches the broker's answers to them. */
export class PublishChannel {
  readonly #channel: ConfirmChannel;
  readonly #open = new Map<string, PublishTry>();
  #closed = false;
  #whenIdle: (() => void) | undefined;

  constructor(channel: ConfirmChannel) {
    this.#channel = channel;
    // The broker sends the return before the ack of the same message.
    channel.on("return", ({ properties }) => {
      const messageId: unknown = properties.messageId;
      if (typeof messageId !== "string") return;
      this.#open.get(messageId)?.settle({ state: "refused", reason: "queue_unreachable" });
    });
    channel.on("close", () => {
      this.#closed = true;
      for (const one of this.#open.values()) one.settle({ state: "unknown" });
    });
  }

  /** Opens the channel. @throws Error when the broker does not answer. */
  static async open(connection: BrokerConnection, report: ReportEvent): Promise<PublishChannel> {
    return new PublishChannel(await openConfirmChannel(connection, OPEN_LIMIT_MS, report));
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /**
   * Publishes a message that nobody keeps and waits for its confirm. A broker with a memory or disk alarm tells a
   * connection so only after that connection has published something: with this, we know before the first real message.
   */
  async probe(routingKey: string): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#channel.publish("", routingKey, Buffer.alloc(0), { mandatory: false }, (error: unknown) => {
        if (error instanceof Error) reject(error);
        else resolve();
      });
    });
  }

  /** Writes the message once. Never throws; the try says how it went. */
  start(message: OutgoingMessage): PublishTry {
    const one = new PublishTry();
    const { queue, messageId, body, ...properties } = message;
    this.#open.set(messageId, one);
    void one.settled.then(() => this.#forget(messageId));
    // Mandatory: RabbitMQ confirms what it cannot route, and drops it; only the return tells.
    const options = { ...properties, messageId, persistent: true, mandatory: true };
    try {
      this.#channel.publish("", queue, body, options, (error: unknown) => settleByConfirm(one, error));
    } catch (error) {
      // A closed channel refuses before it writes anything. Whatever else throws may have written a part.
      if (error instanceof IllegalOperationError) one.settle({ state: "refused", reason: "queue_unreachable" });
      else one.settle({ state: "unknown" });
    }
    return one;
  }

  /** Resolves when no try is open. All of them end, since each publish has its own deadline. */
  async untilIdle(): Promise<void> {
    if (this.#open.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#whenIdle = resolve;
    });
  }

  #forget(messageId: string): void {
    this.#open.delete(messageId);
    if (this.#open.size === 0) this.#whenIdle?.();
  }
}

function settleByConfirm(one: PublishTry, error: unknown): void {
  // After a return this changes nothing: the try is settled.
  if (!(error instanceof Error)) one.settle({ state: "confirmed" });
  // The only error of amqplib that is an answer of the broker. Every other one says that there was none.
  else if (error.message === "message nacked") one.settle({ state: "refused", reason: "queue_full" });
  else one.settle({ state: "unknown" });
}
