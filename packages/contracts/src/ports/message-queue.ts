import type { AcceptedEnvelope } from "../accepted-envelope.ts";
import type { Lane } from "../lanes.ts";
import type { ReportEnvelope } from "../report-envelope.ts";

/**
 * How a publish ended (architecture.md 5.2). A closed set: there is no fourth way, and none of them is an exception.
 *
 * - `confirmed`: the queue has it on disk. Nothing may turn the request into an error any more.
 * - `not_handed_over`: it is certain that the queue does not have it and will not get it.
 * - `unconfirmed`: it was handed over and nobody answered; the queue may still take it.
 */
export type PublishEnding =
  | { readonly ending: "confirmed" }
  | {
      readonly ending: "not_handed_over";
      readonly reason: "queue_unreachable" | "queue_full" | "queue_blocked" | "stopping";
    }
  | { readonly ending: "unconfirmed" };

/** What the queue could not parse; it has been put aside in `sms.dead`. */
export interface DeadLetter {
  readonly queue: string;
  readonly problem: string;
}

/** A dead letter with everything that is known of it. */
export interface BuriedLetter extends DeadLetter {
  /** Unique per letter; the same letter handed over again has the same id. */
  readonly id: string;
  /** Position in its group; null when the whole group cannot be read. */
  readonly partIndex: number | null;
  /** What could not be parsed, byte for byte. */
  readonly body: Buffer;
  readonly buriedAt: Date;
}

/**
 * The stamp of one group of accepted requests, so that a reader can prove that none is missing (architecture.md 5.3): of the
 * sequences 1, 2, 3 … per boot id and lane, all up to `settled` must arrive that no stamp calls void. See `StampBook`.
 */
export interface GroupStamp {
  /** One life of one process that publishes. */
  readonly bootId: string;
  readonly sequence: number;
  /** Messages (recipients) in the group, by the UTC day (`YYYY-MM-DD`) of their acceptance. */
  readonly messages: Readonly<Record<string, number>>;
  /** The publishing of every sequence up to this one has ended: it was confirmed or is void. Below `sequence`. */
  readonly settled: number;
  /** Earlier sequences that were not confirmed, as inclusive ranges in ascending order. They may arrive all the same. */
  readonly voided: readonly SequenceRange[];
}

export type SequenceRange = readonly [first: number, last: number];

/** One group of a batch. The groups of a batch lie one behind the other in it, in this order. */
export interface TakenGroup {
  /** `null`: published without one (reports; a publisher of an older version). */
  readonly stamp: GroupStamp | null;
  /** Its envelopes in the batch; 0 when none could be read. */
  readonly size: number;
  /** Its parts that could not be read and are dead letters. */
  readonly buried: number;
}

export interface ConsumeOptions<T> {
  /**
   * Takes one batch. When it resolves, the batch is acknowledged; when it rejects, the same batch is handed over again
   * after a pause, and nothing more is taken meanwhile (architecture.md 5.3). Redelivery may hand over a batch twice.
   * @param groups the groups that the batch consists of; their sizes add up to its length. A group of which nothing could
   *   be read is handed over all the same, so that its stamp is seen.
   */
  readonly take: (batch: readonly T[], groups: readonly TakenGroup[]) => Promise<void>;
  /** Largest number of envelopes handed over at once; one AMQP message is never divided. */
  readonly batchMax: number;
  /** Called for every failure of `take` and every dead letter; the caller logs and counts. */
  readonly onProblem: (problem: { readonly error?: unknown; readonly deadLetter?: DeadLetter }) => void;
}

/** A running consumer. */
export interface Consumption {
  /** Takes no more, waits until `take` is done with what it holds and has been acknowledged. Bounded by `deadlineMs`; what is not done by then will be redelivered. */
  stop(deadlineMs: number): Promise<void>;
}

export interface QueueHealth {
  readonly ok: boolean;
  /** What is wrong and what mends it; also set for a queue that works with other arguments than ours. */
  readonly detail?: string;
}

/** The way from gateway to worker (`sms.accepted.*`) and from callbacks to the worker (`sms.reports`). Adapters: amqp, db. */
export interface MessageQueue {
  /** Publishes requests together, as one unit with one ending, within 5 s. At most 500 envelopes or 1 MiB; the caller groups. */
  publishAccepted(lane: Lane, envelopes: readonly AcceptedEnvelope[]): Promise<PublishEnding>;
  /** Publishes raw reports together, as one unit with one ending, within 5 s. At most 500 or 1 MiB; the caller groups. */
  publishReports(reports: readonly ReportEnvelope[]): Promise<PublishEnding>;
  consumeAccepted(lane: Lane, options: ConsumeOptions<AcceptedEnvelope>): Promise<Consumption>;
  consumeReports(options: ConsumeOptions<ReportEnvelope>): Promise<Consumption>;
  /** Hands over what was buried, whoever buried it; acknowledged when `take` has resolved, else handed over again. */
  consumeDead(
    options: Pick<ConsumeOptions<BuriedLetter>, "batchMax" | "onProblem"> & {
      readonly take: (letters: readonly BuriedLetter[]) => Promise<void>;
    },
  ): Promise<Consumption>;
  /**
   * Publishes a dead letter's body once more, within 5 s, without a stamp; reading it again is safe. A part goes back as a
   * group of one. It goes to our queue for the lane or for the reports that `queue` was for, whatever prefix the name has;
   * a queue that was for neither ends `not_handed_over`, `queue_unreachable`. Where nothing has been mended it becomes a
   * dead letter again, with another id.
   */
  republish(letter: Pick<BuriedLetter, "queue" | "body">): Promise<PublishEnding>;
  /** Number of queue messages (groups) waiting per queue, dead letters included; `undefined` while the queue is away. */
  depths(): Promise<Record<string, number> | undefined>;
  health(): QueueHealth;
  /** Stops publishing, waits for outstanding confirms (bounded), closes. */
  close(): Promise<void>;
}
