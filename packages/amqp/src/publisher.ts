import type { PublishEnding } from "@sms-gateway/contracts";
import { untilFirst } from "@sms-gateway/waiting";
import type { ReportEvent } from "./amqp-event.ts";
import type { ConnectionKeeper, Link } from "./connection-keeper.ts";
import type { OutgoingMessage, PublishChannel } from "./publish-channel.ts";
import { foldTries, type PublishTry } from "./publish-try.ts";

/** A confirm takes a few milliseconds; after this the broker or the way to it is ill (architecture.md 5.2). */
const CONFIRM_LIMIT_MS = 2000;
/** Within which every publish has its ending. */
const PUBLISH_LIMIT_MS = 5000;

/**
 * Publishes messages, each with one ending out of three.
 *
 *   no usable connection ──────────────────────────────────────────▶ not handed over, at once (nothing queues offline)
 *   first try ─ confirmed ─────────────────────────────────────────▶ confirmed
 *             ─ nacked, returned ──────────────────────────────────▶ not handed over
 *             ─ unknown, or no answer in 2 s ─▶ second try of the same message, on another connection than the first
 *   both tries, until 5 s are over ────────────────────────────────▶ see foldTries
 *
 * The trade: a message in doubt is written twice rather than lost; readers drop the double by its ids.
 */
export class Publisher {
  readonly #keeper: ConnectionKeeper<PublishChannel>;
  readonly #report: ReportEvent;
  readonly #underWay = new Set<Promise<PublishEnding>>();
  #stopping = false;

  constructor(keeper: ConnectionKeeper<PublishChannel>, report: ReportEvent) {
    this.#keeper = keeper;
    this.#report = report;
  }

  /** Why nothing can be published this moment; `undefined` when something can. */
  refusal(): PublishEnding | undefined {
    if (this.#stopping) return { ending: "not_handed_over", reason: "stopping" };
    if (this.#usableLink() !== undefined) return undefined;
    const reason = this.#keeper.blockedBecause() === undefined ? "queue_unreachable" : "queue_blocked";
    return { ending: "not_handed_over", reason };
  }

  /** Publishes one message; never throws. The first write happens before this returns its promise. */
  publish(message: OutgoingMessage): Promise<PublishEnding> {
    const publishing = this.#publish(message);
    this.#underWay.add(publishing);
    void publishing.then(() => this.#underWay.delete(publishing));
    return publishing;
  }

  /** Takes nothing more and waits for what is under way, 5 s at most. */
  async drain(): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#underWay);
  }

  async #publish(message: OutgoingMessage): Promise<PublishEnding> {
    const deadline = performance.now() + PUBLISH_LIMIT_MS;
    const refused = this.refusal();
    const link = this.#usableLink();
    if (refused !== undefined || link === undefined) return refused ?? foldTries([]);
    const first = link.prepared.start(message);
    await untilFirst(CONFIRM_LIMIT_MS, [first.settled]);
    this.#judgeLink(link, first);
    const tries = [first];
    if (first.isInDoubt) {
      const fresh = await this.#findFreshLink(link, first, deadline);
      if (fresh !== undefined) tries.push(await this.#tryAgain(message, { fresh, first, deadline }));
    }
    // What is still open at the deadline may yet be taken. Settling it also lets its connection go.
    for (const one of tries) one.settle({ state: "unknown" });
    return foldTries(tries.map(({ outcome }) => outcome));
  }

  /** Waits for another connection than the first try's; `undefined` when the first is answered meanwhile or time is up. */
  async #findFreshLink(
    link: Link<PublishChannel>,
    first: PublishTry,
    deadline: number,
  ): Promise<Link<PublishChannel> | undefined> {
    const finding = this.#keeper.untilReady(deadline - performance.now(), link);
    return await Promise.race([finding, first.untilAnswered().then(() => undefined)]);
  }

  async #tryAgain(
    message: OutgoingMessage,
    { fresh, first, deadline }: { fresh: Link<PublishChannel>; first: PublishTry; deadline: number },
  ): Promise<PublishTry> {
    this.#report({ event: "publish_repeated", queue: message.queue, messageId: message.messageId });
    const startedAt = performance.now();
    const second = fresh.prepared.start(message);
    // One confirm is enough; anything less leaves the other try its time.
    const bothSettled = Promise.all([first.settled, second.settled]);
    const over = [first.untilConfirmed(), second.untilConfirmed(), bothSettled];
    await untilFirst(deadline - performance.now(), over);
    // A second try that had less than its time says nothing about its connection.
    if (!second.isOpen || performance.now() - startedAt >= CONFIRM_LIMIT_MS) this.#judgeLink(fresh, second);
    return second;
  }

  /** Retires a connection that answers nothing, or under which a queue is missing. */
  #judgeLink(link: Link<PublishChannel>, { outcome }: PublishTry): void {
    if (outcome.state === "refused" && outcome.reason === "queue_unreachable") {
      this.#keeper.retire(link, "a queue was missing; declaring all of them again");
    }
    // A blocked connection is silent for a known reason, and it alone will hear of the end of the alarm.
    if (outcome.state === "open" && link.connection.blockedBecause() === undefined) {
      this.#keeper.retire(link, `no confirm within ${CONFIRM_LIMIT_MS} ms`);
    }
    if (outcome.state === "unknown") this.#keeper.retire(link, "the publishing channel was closed");
  }

  #usableLink(): Link<PublishChannel> | undefined {
    const link = this.#keeper.ready();
    if (link === undefined || !link.prepared.isClosed) return link;
    this.#keeper.retire(link, "the publishing channel was closed");
    return undefined;
  }
}
