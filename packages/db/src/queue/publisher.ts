import { type PublishEnding, QUEUE_NAMES } from "@sms-gateway/contracts";
import type pg from "pg";
import type { PoolKeeper } from "./pool-keeper.ts";
import { foldTries, type OutgoingGroup, type TryOutcome, tryPublish } from "./publish-try.ts";
import type { ReportEvent } from "./queue-event.ts";
import type { QueueLimit } from "./queue-limit.ts";

/** Within which every publish has its ending. */
const PUBLISH_LIMIT_MS = 5000;
/** How long a publish waits while there is no connection: replacing a lost one takes some 20 ms. Nothing queues offline. */
const RECONNECT_WAIT_MS = 250;
/**
 * A client can send again and is told so at once; a provider that reports may not. A server that was killed is back within
 * a second or two, which is still far below the time that providers wait for an answer (Twilio: 15 s).
 */
const REPORT_RECONNECT_WAIT_MS = 4000;
const STOPPING: PublishEnding = { ending: "not_handed_over", reason: "stopping" };
const UNREACHABLE: PublishEnding = { ending: "not_handed_over", reason: "queue_unreachable" };
const FULL: PublishEnding = { ending: "not_handed_over", reason: "queue_full" };

export interface PublisherSettings {
  readonly keeper: PoolKeeper;
  readonly limit: QueueLimit;
  /** Told of every group that is committed. */
  readonly onPublished: (queue: string) => void;
  readonly report: ReportEvent;
}

/**
 * Publishes groups, each with one ending out of three.
 *
 *   no usable connection, no room ──▶ not handed over
 *   first try ─ committed ──────────▶ confirmed
 *             ─ refused ────────────▶ not handed over
 *             ─ in doubt ───────────▶ second try of the same group, on a new connection, as soon as there is one
 *   both tries, until 5 s are over ─▶ see foldTries
 *
 * The second try carries the same id, so a group that the first has committed is not stored twice while it waits. Once it
 * has been consumed its row is gone, and with it the id: then the second try stores it again and it is handed over twice.
 * Keeping the ids of consumed groups would cost every group a second row; recording drops the double by its message ids.
 */
export class Publisher {
  readonly #settings: PublisherSettings;
  readonly #underWay = new Set<Promise<PublishEnding>>();
  #stopping = false;
  #fullBecause: string | undefined;

  constructor(settings: PublisherSettings) {
    this.#settings = settings;
  }

  /** Why the last publish found no room; `undefined` when it found some. */
  get fullBecause(): string | undefined {
    return this.#fullBecause;
  }

  /** Publishes one group; never throws. */
  publish(group: OutgoingGroup): Promise<PublishEnding> {
    if (this.#stopping) return Promise.resolve(STOPPING);
    const publishing = this.#publish(group);
    this.#underWay.add(publishing);
    void publishing.then(() => this.#underWay.delete(publishing));
    return publishing;
  }

  /** Takes nothing more and waits for what is under way, 5 s at most. */
  async drain(): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#underWay);
  }

  async #publish(group: OutgoingGroup): Promise<PublishEnding> {
    const { keeper, limit, onPublished, report } = this.#settings;
    const deadline = performance.now() + PUBLISH_LIMIT_MS;
    const isReport = group.queue === QUEUE_NAMES.reports;
    const pool = await keeper.untilReady(isReport ? REPORT_RECONNECT_WAIT_MS : RECONNECT_WAIT_MS);
    if (pool === undefined) return UNREACHABLE;
    if (await limit.isFull(pool, group.queue)) return FULL;
    const first = await this.#try(pool, group, deadline);
    const tries = [first];
    if (first.state === "unknown") {
      const fresh = await keeper.untilReady(deadline - performance.now());
      if (fresh !== undefined) {
        report({ event: "publish_repeated", queue: group.queue, publishId: group.publishId });
        tries.push(await this.#try(fresh, group, deadline));
      }
    }
    const ending = foldTries(tries);
    if (ending.ending === "confirmed") {
      limit.add(group.queue, group.body.length);
      onPublished(group.queue);
    }
    return ending;
  }

  async #try(pool: pg.Pool, group: OutgoingGroup, deadline: number): Promise<TryOutcome> {
    const outcome = await tryPublish(pool, group, Math.max(1, deadline - performance.now()));
    const isFull = outcome.state === "refused" && outcome.reason === "queue_full";
    this.#fullBecause = isFull ? outcome.why : undefined;
    const isPoolIll = outcome.state === "unknown" || (outcome.state === "refused" && outcome.isPoolIll);
    if (isPoolIll) this.#settings.keeper.retire(pool, outcome.why);
    return outcome;
  }
}
