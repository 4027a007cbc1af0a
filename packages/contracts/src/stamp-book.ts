import type { AcceptedEnvelope } from "./accepted-envelope.ts";
import { VOIDED_RANGES_MAX } from "./group-stamp.ts";
import type { GroupStamp, PublishEnding, SequenceRange } from "./ports/message-queue.ts";
import { addToRanges, subtractRanges } from "./sequence-ranges.ts";

/**
 * The stamps of one publisher for one lane. A reader proves with them that no confirmed group is missing (architecture.md
 * 5.3). One book per lane, because the lanes are read independently of each other. A sequence is
 *
 *   given out → confirmed                          a 202 rests on it: it must arrive
 *             → void: refused, or in doubt for good  no 202 rests on it: nobody misses it, and it may arrive all the same
 *
 * Every stamp says up to where all sequences before it have ended (`settled`), and which of these are void. What is void is
 * said again until a stamp that says so is confirmed. So a reader knows of each sequence up to the highest `settled` that it
 * has seen whether it must arrive, and of none above: of two groups that are under way together neither knows how the other
 * ends. Only a sequence of which the publisher has said that it was confirmed is ever missed. What follows from it:
 *
 *   the lane goes quiet, or the publisher ends   what is not settled by a stamp stays unknown: a loss among the last groups
 *                                                is hidden, and nothing is missed that was not confirmed
 *   a confirmed group is lost                    with it the news in its stamp: what only it had declared void is missed
 *                                                together with it
 */
export class StampBook {
  readonly #bootId: string;
  #last = 0;
  /** Not ended yet; in the order in which they were given out. */
  readonly #open = new Set<number>();
  /** Void, and no confirmed stamp has said so. */
  #voided: readonly SequenceRange[] = [];

  constructor(bootId: string) {
    this.#bootId = bootId;
  }

  /** The stamp of a group that is about to be handed over. A second try of the same group carries the same. */
  next(envelopes: readonly Pick<AcceptedEnvelope, "accepted_at" | "recipients">[]): GroupStamp {
    this.#last += 1;
    const [firstOpen = this.#last] = this.#open;
    // What has no room in this stamp counts as not ended, and goes with a later one.
    const [firstLeftOut = firstOpen] = this.#voided[VOIDED_RANGES_MAX] ?? [];
    this.#open.add(this.#last);
    return {
      bootId: this.#bootId,
      sequence: this.#last,
      messages: countMessagesByDay(envelopes),
      settled: Math.min(firstOpen, firstLeftOut) - 1,
      voided: this.#voided.slice(0, VOIDED_RANGES_MAX),
    };
  }

  /** Notes how the publish of the group with this stamp ended. Once per stamp. */
  settle({ sequence, voided }: GroupStamp, { ending }: PublishEnding): void {
    this.#open.delete(sequence);
    // With the group, the news of the void sequences is in the queue.
    if (ending === "confirmed") this.#voided = subtractRanges(this.#voided, voided);
    else this.#voided = addToRanges(this.#voided, sequence);
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
