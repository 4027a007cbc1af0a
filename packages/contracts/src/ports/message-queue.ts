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

export interface ConsumeOptions<T> {
  /**
   * Takes one batch. When it resolves, the batch is acknowledged; when it rejects, the same batch is handed over again
   * after a pause, and nothing more is taken meanwhile (architecture.md 5.3). Redelivery may hand over a batch twice.
   */
  readonly take: (batch: readonly T[]) => Promise<void>;
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
  /** Publishes one raw report, within 5 s. */
  publishReport(report: ReportEnvelope): Promise<PublishEnding>;
  consumeAccepted(lane: Lane, options: ConsumeOptions<AcceptedEnvelope>): Promise<Consumption>;
  consumeReports(options: ConsumeOptions<ReportEnvelope>): Promise<Consumption>;
  /** Number of queue messages (groups) waiting per queue, dead letters included; `undefined` while the queue is away. */
  depths(): Promise<Record<string, number> | undefined>;
  health(): QueueHealth;
  /** Stops publishing, waits for outstanding confirms (bounded), closes. */
  close(): Promise<void>;
}
