import {
  type AcceptedEnvelope,
  type BuriedLetter,
  type ConsumeOptions,
  type Consumption,
  findPurpose,
  type Lane,
  type MessageQueue,
  type PublishEnding,
  QUEUE_NAMES,
  type QueueHealth,
  type ReadDelivery,
  type ReportEnvelope,
  readAcceptedGroup,
  readReports,
  StampBook,
  wrapDeadLetter,
  writeAcceptedGroup,
  writeReports,
  writeStamp,
} from "@sms-gateway/contracts";
import { type BackOff, withinMs } from "@sms-gateway/waiting";
import type pg from "pg";
import type { Database } from "../connections.ts";
import { COUNT_GROUPS } from "../sql/count-groups.ts";
import { makeRandomId } from "../uuid.ts";
import { ClaimConnection } from "./claim-connection.ts";
import type { Claims } from "./claims.ts";
import { GroupClaims } from "./group-claims.ts";
import { LetterClaims } from "./letter-claims.ts";
import { RETAKE } from "./pauses.ts";
import { PoolKeeper } from "./pool-keeper.ts";
import type { OutgoingGroup } from "./publish-try.ts";
import { Publisher } from "./publisher.ts";
import { QueueConsumer } from "./queue-consumer.ts";
import type { DbQueueEvent } from "./queue-event.ts";
import { type LimitSettings, QueueLimit } from "./queue-limit.ts";
import { GROUP_QUEUES } from "./queue-names.ts";
import { describeConsuming, describePublishing } from "./queue-sessions.ts";
import { WakeUps } from "./wake-ups.ts";

export interface DbQueueOptions extends LimitSettings {
  /** One life of this process, for the stamps; a random one when not given. */
  readonly bootId?: string;
  /** Pauses between calls of a `take` that fails; 1 s, doubling up to 10 s, when not given. */
  readonly retake?: BackOff;
  /** How often an idle consumer looks for groups of other processes, in milliseconds; 250 when not given. */
  readonly pollMs?: number;
  /** Told what happens to connections and publishes. Must not throw. */
  readonly onEvent?: (event: DbQueueEvent) => void;
}

/** Groups of this process wake its consumers at once. */
const POLL_MS = 250;
/** How long consumers have that are still running when the queue is closed, in milliseconds. */
const STOP_CONSUMERS_LIMIT_MS = 5000;
const DEPTHS_LIMIT_MS = 2000;
/** More than that is not counted: it would cost more than the number is worth. */
const DEPTH_MAX = 100_000;

/**
 * The message queue on Postgres: a row per group, and a commit is the confirm (docs/decisions). It uses the address and the
 * settings of `db`, which must be migrated, and connections of its own: up to eight for publishing, one per consumer. It
 * connects at once, and again for as long as it is not closed; until then publishes end `not_handed_over`.
 */
export function createDbQueue(db: Database, options: DbQueueOptions = {}): MessageQueue {
  return new DbQueue(db, options);
}

class DbQueue implements MessageQueue {
  readonly #db: Database;
  readonly #options: DbQueueOptions;
  readonly #keeper: PoolKeeper;
  readonly #publisher: Publisher;
  readonly #stamps: Readonly<Record<Lane, StampBook>>;
  readonly #wakeUps = new WakeUps();
  readonly #consumers = new Set<Pick<QueueConsumer<unknown>, "isWell" | "isStopping" | "stop">>();
  #depths: Promise<Record<string, number> | undefined> | undefined;
  #closing: Promise<void> | undefined;

  constructor(db: Database, options: DbQueueOptions) {
    this.#db = db;
    this.#options = options;
    const bootId = options.bootId ?? makeRandomId(Date.now());
    this.#stamps = { high: new StampBook(bootId), normal: new StampBook(bootId), bulk: new StampBook(bootId) };
    this.#keeper = new PoolKeeper(describePublishing(db), this.report);
    this.#publisher = new Publisher({
      keeper: this.#keeper,
      limit: new QueueLimit(options),
      onPublished: (queue) => this.#wakeUps.notify(queue),
      report: this.report,
    });
  }

  readonly report = (event: DbQueueEvent): void => this.#options.onEvent?.(event);

  async publishAccepted(lane: Lane, envelopes: readonly AcceptedEnvelope[]): Promise<PublishEnding> {
    const book = this.#stamps[lane];
    const stamp = book.next(envelopes);
    const ending = await this.#publish({
      queue: QUEUE_NAMES.accepted[lane],
      envelopes: envelopes.length,
      body: writeAcceptedGroup(envelopes),
      stamp: JSON.stringify(writeStamp(stamp)),
    });
    book.settle(stamp, ending);
    return ending;
  }

  async publishReports(reports: readonly ReportEnvelope[]): Promise<PublishEnding> {
    const envelopes = reports.length;
    return await this.#publish({ queue: QUEUE_NAMES.reports, envelopes, body: writeReports(reports), stamp: null });
  }

  async consumeAccepted(lane: Lane, options: ConsumeOptions<AcceptedEnvelope>): Promise<Consumption> {
    return this.#consumeGroups(QUEUE_NAMES.accepted[lane], readAcceptedGroup, options);
  }

  async consumeReports(options: ConsumeOptions<ReportEnvelope>): Promise<Consumption> {
    return this.#consumeGroups(QUEUE_NAMES.reports, readReports, options);
  }

  async consumeDead(options: Parameters<MessageQueue["consumeDead"]>[0]): Promise<Consumption> {
    const take = (letters: readonly BuriedLetter[]) => options.take(letters);
    return this.#consume(QUEUE_NAMES.dead, (connection) => new LetterClaims(connection), { ...options, take });
  }

  async republish({ queue, body }: Pick<BuriedLetter, "queue" | "body">): Promise<PublishEnding> {
    const purpose = findPurpose(queue);
    if (purpose === undefined) return { ending: "not_handed_over", reason: "queue_unreachable" };
    if (purpose === "reports") {
      return await this.#publish({ queue: QUEUE_NAMES.reports, envelopes: 1, body, stamp: null });
    }
    const { body: group, parts } = wrapDeadLetter(body);
    return await this.#publish({ queue: QUEUE_NAMES.accepted[purpose], envelopes: parts, body: group, stamp: null });
  }

  async depths(): Promise<Record<string, number> | undefined> {
    // Callers that come together share one answer.
    this.#depths ??= this.#readDepths().finally(() => {
      this.#depths = undefined;
    });
    return await this.#depths;
  }

  health(): QueueHealth {
    const isAway = this.#keeper.ready() === undefined;
    const isUnread = [...this.#consumers].some(({ isWell, isStopping }) => !isWell && !isStopping);
    if (isAway || isUnread) return { ok: false, detail: "message queue: no connection" };
    const full = this.#publisher.fullBecause;
    return full === undefined ? { ok: true } : { ok: true, detail: `message queue: ${full}; make room on its disk` };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const drained = this.#publisher.drain();
    await Promise.all([...this.#consumers].map((consumer) => consumer.stop(STOP_CONSUMERS_LIMIT_MS)));
    await drained;
    await this.#keeper.close();
  }

  async #publish(group: Omit<OutgoingGroup, "publishId">): Promise<PublishEnding> {
    return await this.#publisher.publish({ ...group, publishId: makeRandomId(Date.now()) });
  }

  #consumeGroups<T>(queue: string, read: ReadDelivery<T>, options: ConsumeOptions<T>): Consumption {
    return this.#consume(queue, (connection) => new GroupClaims(connection, queue, read), options);
  }

  #consume<T>(
    queue: string,
    claimOn: (connection: ClaimConnection) => Claims<T>,
    options: ConsumeOptions<T>,
  ): Consumption {
    if (this.#closing !== undefined) throw new Error(`${queue} cannot be consumed: the message queue is closed`);
    const consumer = new QueueConsumer({
      queue,
      openClaims: async (onLost) => claimOn(await ClaimConnection.open(describeConsuming(this.#db), onLost)),
      options,
      retake: this.#options.retake ?? RETAKE,
      pollMs: this.#options.pollMs ?? POLL_MS,
      wakeUps: this.#wakeUps,
      report: this.report,
    });
    this.#consumers.add(consumer);
    return consumer;
  }

  async #readDepths(): Promise<Record<string, number> | undefined> {
    const startedAt = performance.now();
    const pool = await this.#keeper.untilReady(DEPTHS_LIMIT_MS);
    if (pool === undefined) return undefined;
    try {
      const leftMs = Math.max(1, DEPTHS_LIMIT_MS - (performance.now() - startedAt));
      return await withinMs(leftMs, "counting what waits", countGroups(pool));
    } catch {
      // Not known is an answer here; whoever publishes or consumes finds out what is wrong.
      return undefined;
    }
  }
}

async function countGroups(pool: pg.Pool): Promise<Record<string, number>> {
  const asking = pool.query<{ queue: string | null; depth: number }>({
    ...COUNT_GROUPS,
    values: [GROUP_QUEUES, DEPTH_MAX],
  });
  const { rows } = await asking;
  return Object.fromEntries(rows.map(({ queue, depth }) => [queue ?? QUEUE_NAMES.dead, depth]));
}
