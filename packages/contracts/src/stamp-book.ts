import type { AcceptedEnvelope } from "./accepted-envelope.ts";
import type { GroupStamp, PublishEnding, SequenceRange } from "./ports/message-queue.ts";
import { addToRanges, subtractRanges } from "./sequence-ranges.ts";

/** Keeps the stamp far below amqplib's limit of 64 KiB for headers; what is left over goes with a later stamp. */
const VOIDED_RANGES_MAX = 500;

/**
 * The stamps of one publisher for one lane. A reader proves with them that no group is missing: per boot id and lane the
 * sequences 1, 2, 3 … must all arrive (architecture.md 5.3). One book per lane, because the lanes are read independently
 * of each other. A number that certainly never reached the queue would look like a loss; it is listed as voided in the
 * stamps that follow, until one of these is confirmed.
 *
 * A sequence is: given out → confirmed | voided | in doubt. In doubt stays in doubt: it is neither voided nor given out
 * again, because the queue may still have taken it.
 */
export class StampBook {
  readonly #bootId: string;
  #last = 0;
  #voided: readonly SequenceRange[] = [];

  constructor(bootId: string) {
    this.#bootId = bootId;
  }

  /** The stamp of a group that is about to be handed over. A second try of the same group carries the same. */
  next(envelopes: readonly Pick<AcceptedEnvelope, "accepted_at" | "recipients">[]): GroupStamp {
    this.#last += 1;
    return {
      bootId: this.#bootId,
      sequence: this.#last,
      messages: countMessagesByDay(envelopes),
      voided: this.#voided.slice(0, VOIDED_RANGES_MAX),
    };
  }

  /** Notes how the publish of the group with this stamp ended. Once per stamp. */
  settle({ sequence, voided }: GroupStamp, { ending }: PublishEnding): void {
    // With the group, the news of the voided sequences is in the queue.
    if (ending === "confirmed") this.#voided = subtractRanges(this.#voided, voided);
    if (ending === "not_handed_over") this.#voided = addToRanges(this.#voided, sequence);
  }
}

function countMessagesByDay(
  envelopes: readonly Pick<AcceptedEnvelope, "accepted_at" | "recipients">[],
): Record<string, number> {
  const messages: Record<string, number> = {};
  for (const { accepted_at: acceptedAt, recipients } of envelopes) {
    // The envelope's times are in UTC.
    const day = acceptedAt.slice(0, 10);
    messages[day] = (messages[day] ?? 0) + recipients.length;
  }
  return messages;
}
