import { randomUUID } from "node:crypto";
import {
  ACCEPTED_GROUP_TYPE,
  type AcceptedEnvelope,
  type BadPart,
  type BuriedLetter,
  type ConsumeOptions,
  type Consumption,
  findPurpose,
  LANES,
  type Lane,
  type MessageQueue,
  type PublishEnding,
  type QueueHealth,
  REPORT_GROUP_TYPE,
  type ReportEnvelope,
  readAcceptedGroup,
  readReports,
  StampBook,
  wrapDeadLetter,
  writeAcceptedGroup,
  writeReports,
  writeStamp,
} from "@sms-gateway/contracts";
import type { BackOff } from "@sms-gateway/waiting";
import type { ConsumeMessage } from "amqplib";
import type { AmqpEvent, ConnectionPurpose } from "./amqp-event.ts";
import { type BrokerConnection, openConnection } from "./broker-connection.ts";
import { ConnectionKeeper } from "./connection-keeper.ts";
import { describeBurial, readDeadLetter } from "./dead-letters.ts";
import { RETAKE } from "./pauses.ts";
import { PublishChannel } from "./publish-channel.ts";
import { Publisher } from "./publisher.ts";
import { IDLE_LIMIT_MS, QueueConsumer, type ReadMessage } from "./queue-consumer.ts";
import { readDepths } from "./read-depths.ts";
import { declareTopology, nameQueues, type TopologyProblem, type TopologySettings } from "./topology.ts";

export interface AmqpQueueOptions {
  /** `amqp://` or `amqps://`, with user, password and virtual host. */
  readonly url: string;
  /** Put before every queue name, so that several installations can share a virtual host. */
  readonly namePrefix?: string;
  /** Who we are, for the broker's list of connections: gateway, worker. */
  readonly role: string;
  /** One life of this process, for the stamps; a random one when not given. */
  readonly bootId?: string;
  /** Most messages (groups) in each lane and in the reports; beyond it a publish ends `queue_full`. */
  readonly maxLengthMessages?: number;
  /** The same in bytes of bodies. */
  readonly maxLengthBytes?: number;
  /** Pauses between calls of a `take` that fails; 1 s, doubling up to 10 s, when not given. */
  readonly retake?: BackOff;
  /** After how long without a delivery a consumer subscribes anew, in milliseconds; a minute when not given. */
  readonly idleLimitMs?: number;
  /** Told what happens to connections, queues and consumers. Must not throw. */
  readonly onEvent?: (event: AmqpEvent) => void;
}

const STOPPING: PublishEnding = { ending: "not_handed_over", reason: "stopping" };
/** Policies are not told over AMQP, so we cannot know that one is there; and a queue's arguments never change. */
const LASTING = "(a policy holds at once; this is said until the queue, once empty, is deleted and declared anew)";
/** How long consumers have that are still running when the queue is closed, in milliseconds. */
const STOP_CONSUMERS_LIMIT_MS = 5000;
/** How long `depths` waits for a connection, in milliseconds. */
const CONNECTION_WAIT_MS = 2000;

/**
 * The message queue over RabbitMQ. It connects by itself, at once for publishing and with the first `consume…` or `depths`
 * for consuming, and reconnects for as long as it is not closed; until then publishes end `not_handed_over`.
 *
 * @throws Error when the address is no AMQP address. Nothing else throws, before or later.
 */
export function createAmqpQueue(options: AmqpQueueOptions): MessageQueue {
  return new AmqpQueue(options);
}

class AmqpQueue implements MessageQueue {
  readonly #options: AmqpQueueOptions;
  readonly #topology: TopologySettings;
  readonly #bootId: string;
  readonly #stamps: Readonly<Record<Lane, StampBook>>;
  readonly #publishing: ConnectionKeeper<PublishChannel>;
  readonly #consuming: ConnectionKeeper<undefined>;
  readonly #publisher: Publisher;
  readonly #consumers = new Set<Consumption>();
  readonly #problems = new Map<string, TopologyProblem>();
  readonly #knownQueues = new Set<string>();
  #depths: Promise<Record<string, number> | undefined> | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: AmqpQueueOptions) {
    this.#options = options;
    this.#topology = describeSettings(options);
    this.#bootId = options.bootId ?? randomUUID();
    this.#stamps = {
      high: new StampBook(this.#bootId),
      normal: new StampBook(this.#bootId),
      bulk: new StampBook(this.#bootId),
    };
    const { report } = this;
    this.#publishing = new ConnectionKeeper({
      purpose: "publishing",
      connect: (onBlockedChange) => this.#connect("publishing", onBlockedChange),
      prepare: async (connection) => {
        await this.#declare(connection);
        const channel = await PublishChannel.open(connection, report);
        await channel.probe(`${this.#topology.namePrefix}sms.probe`);
        return channel;
      },
      untilIdle: (channel) => channel.untilIdle(),
      report,
    });
    this.#consuming = new ConnectionKeeper({
      purpose: "consuming",
      connect: (onBlockedChange) => this.#connect("consuming", onBlockedChange),
      // Every consumer declares its own queue with each subscription.
      prepare: async () => undefined,
      untilIdle: async () => undefined,
      report,
    });
    this.#publisher = new Publisher(this.#publishing, report);
    this.#publishing.start();
  }

  readonly report = (event: AmqpEvent): void => this.#options.onEvent?.(event);

  async publishAccepted(lane: Lane, envelopes: readonly AcceptedEnvelope[]): Promise<PublishEnding> {
    // Checked first, so that a sequence is given out only to what is really written.
    const refusal = this.#closing === undefined ? this.#publisher.refusal() : STOPPING;
    if (refusal !== undefined) return refusal;
    const book = this.#stamps[lane];
    const stamp = book.next(envelopes);
    const ending = await this.#publisher.publish({
      queue: nameQueues(this.#topology.namePrefix).accepted[lane],
      messageId: `${this.#bootId}.${lane}.${stamp.sequence}`,
      type: ACCEPTED_GROUP_TYPE,
      contentType: "application/json",
      headers: { stamp: writeStamp(stamp) },
      body: writeAcceptedGroup(envelopes),
    });
    book.settle(stamp, ending);
    return ending;
  }

  async publishReports(reports: readonly ReportEnvelope[]): Promise<PublishEnding> {
    return await this.#publishUnstamped("reports", writeReports(reports));
  }

  async consumeAccepted(lane: Lane, options: ConsumeOptions<AcceptedEnvelope>): Promise<Consumption> {
    const queue = nameQueues(this.#topology.namePrefix).accepted[lane];
    return this.#consume(queue, ({ content }) => readAcceptedGroup(content), options);
  }

  async consumeReports(options: ConsumeOptions<ReportEnvelope>): Promise<Consumption> {
    const queue = nameQueues(this.#topology.namePrefix).reports;
    return this.#consume(queue, ({ content }) => readReports(content), options);
  }

  async consumeDead(options: Parameters<MessageQueue["consumeDead"]>[0]): Promise<Consumption> {
    const queue = nameQueues(this.#topology.namePrefix).dead;
    const read = (message: ConsumeMessage) => ({ good: [readDeadLetter(message)], bad: [] });
    return this.#consume(queue, read, {
      ...options,
      take: (letters: readonly BuriedLetter[]) => options.take(letters),
    });
  }

  async republish({ queue, body }: Pick<BuriedLetter, "queue" | "body">): Promise<PublishEnding> {
    const purpose = findPurpose(queue);
    if (purpose === undefined) return { ending: "not_handed_over", reason: "queue_unreachable" };
    return await this.#publishUnstamped(purpose, purpose === "reports" ? body : wrapDeadLetter(body).body);
  }

  async depths(): Promise<Record<string, number> | undefined> {
    // Callers that come together share one answer.
    this.#depths ??= this.#readDepths().finally(() => {
      this.#depths = undefined;
    });
    return await this.#depths;
  }

  health(): QueueHealth {
    const down = [this.#publishing, this.#consuming].find((keeper) => keeper.isStarted && keeper.ready() === undefined);
    if (down !== undefined) return { ok: false, detail: `message queue: ${down.whyNotReady()}` };
    const problems = [...this.#problems.values()];
    if (problems.length === 0) return { ok: true };
    const lines = problems.map(({ problem, remedy }) => `${problem}; to mend it: ${remedy}`);
    return { ok: true, detail: [...lines, LASTING].join("\n") };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    // Consumers first: what they hold may still have to be put aside, which needs the publisher.
    await Promise.all([...this.#consumers].map((consumer) => consumer.stop(STOP_CONSUMERS_LIMIT_MS)));
    await this.#publisher.drain();
    await Promise.all([this.#publishing.close(), this.#consuming.close()]);
  }

  async #publishUnstamped(purpose: Lane | "reports", body: Buffer): Promise<PublishEnding> {
    if (this.#closing !== undefined) return STOPPING;
    const names = nameQueues(this.#topology.namePrefix);
    const isReport = purpose === "reports";
    return await this.#publisher.publish({
      queue: isReport ? names.reports : names.accepted[purpose],
      messageId: randomUUID(),
      type: isReport ? REPORT_GROUP_TYPE : ACCEPTED_GROUP_TYPE,
      contentType: "application/json",
      headers: {},
      body,
    });
  }

  #consume<T>(queue: string, read: ReadMessage<T>, options: ConsumeOptions<T>): Consumption {
    if (this.#closing !== undefined) throw new Error(`${queue} cannot be consumed: the message queue is closed`);
    this.#consuming.start();
    const consumer = new QueueConsumer({
      queue,
      keeper: this.#consuming,
      read,
      options,
      declare: (connection) => this.#declare(connection, queue),
      bury: (part, delivery) => this.#bury(queue, part, delivery),
      retake: this.#options.retake ?? RETAKE,
      idleLimitMs: this.#options.idleLimitMs ?? IDLE_LIMIT_MS,
      report: this.report,
    });
    this.#consumers.add(consumer);
    return consumer;
  }

  /** Dead letters are ours, not the broker's: its own are published without a confirm and can be lost. */
  async #bury(queue: string, part: BadPart, delivery: ConsumeMessage): Promise<void> {
    const deadQueue = nameQueues(this.#topology.namePrefix).dead;
    const { ending } = await this.#publisher.publish(describeBurial(part, { queue, deadQueue, delivery }));
    if (ending !== "confirmed") throw new Error(`a dead letter of ${queue} is ${ending}; it stays where it is`);
  }

  #connect(purpose: ConnectionPurpose, onBlockedChange: () => void): Promise<BrokerConnection> {
    const name = `${this.#options.role} ${purpose}`;
    return openConnection({ url: this.#options.url, name, report: this.report, onBlockedChange });
  }

  async #declare(connection: BrokerConnection, only?: string): Promise<void> {
    const found = await declareTopology(connection, this.#topology, {
      ...(only === undefined ? {} : { only }),
      known: this.#knownQueues,
      report: this.report,
    });
    const before = new Map(this.#problems);
    for (const name of before.keys()) if (only === undefined || only === name) this.#problems.delete(name);
    for (const problem of found) {
      this.#problems.set(problem.queue, problem);
      // Every connection finds it again; it is news once.
      if (before.get(problem.queue)?.problem !== problem.problem)
        this.report({ event: "topology_problem", ...problem });
    }
  }

  async #readDepths(): Promise<Record<string, number> | undefined> {
    if (this.#closing !== undefined) return undefined;
    this.#consuming.start();
    const link = await this.#consuming.untilReady(CONNECTION_WAIT_MS);
    if (link === undefined) return undefined;
    const names = nameQueues(this.#topology.namePrefix);
    const queues = [...LANES.map((lane) => names.accepted[lane]), names.reports, names.dead];
    try {
      return await readDepths(link.connection, queues, this.report);
    } catch {
      // Not known is an answer here; the loss itself is reported by the connection. A queue that is missing is declared
      // anew by the next publish or consumer.
      return undefined;
    }
  }
}

function describeSettings(options: AmqpQueueOptions): TopologySettings {
  let url: URL;
  try {
    url = new URL(options.url);
  } catch {
    // The parser's message quotes the address, and with it the password.
    throw new Error("the message queue's address is no URL; expected amqp://user:password@host:port/vhost");
  }
  if (url.protocol !== "amqp:" && url.protocol !== "amqps:") {
    throw new Error(`the message queue's address begins with ${url.protocol}//; expected amqp:// or amqps://`);
  }
  const vhost = decodeURIComponent(url.pathname.slice(1));
  return {
    namePrefix: options.namePrefix ?? "",
    vhost: vhost === "" ? "/" : vhost,
    ...(options.maxLengthMessages === undefined ? {} : { maxLengthMessages: options.maxLengthMessages }),
    ...(options.maxLengthBytes === undefined ? {} : { maxLengthBytes: options.maxLengthBytes }),
  };
}
