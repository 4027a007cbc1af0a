import type { PublishEnding } from "@sms-gateway/contracts";

/**
 * One write of one message to the broker.
 *
 *   open → confirmed   acked and not returned: the queue has it on disk
 *        → refused     nacked (the queue is full) or returned (there is no such queue) or never written: the queue does
 *                      not have it and will not get it
 *        → unknown     the channel or the connection has ended, or nobody answered in time: anything is possible, the
 *                      broker may still enqueue it after our socket is gone
 *
 * Every state but `open` is final.
 */
export type TryState =
  | { readonly state: "open" }
  | { readonly state: "confirmed" }
  | { readonly state: "refused"; readonly reason: "queue_full" | "queue_unreachable" }
  | { readonly state: "unknown" };

export class PublishTry {
  #outcome: TryState = { state: "open" };
  #resolve: () => void = () => undefined;
  /** Resolves when the state is no longer open. */
  readonly settled: Promise<void> = new Promise((resolve) => {
    this.#resolve = resolve;
  });

  get outcome(): TryState {
    return this.#outcome;
  }

  get isOpen(): boolean {
    return this.#outcome.state === "open";
  }

  /** Open or unknown: the queue may get the message or not. */
  get isInDoubt(): boolean {
    return this.#outcome.state === "open" || this.#outcome.state === "unknown";
  }

  settle(outcome: Exclude<TryState, { readonly state: "open" }>): void {
    if (!this.isOpen) return;
    this.#outcome = outcome;
    this.#resolve();
  }

  /** Resolves when the broker has answered, confirm or refusal; never when it does not. For races. */
  async untilAnswered(): Promise<void> {
    await this.settled;
    if (this.isInDoubt) await new Promise<never>(() => undefined);
  }

  /** Resolves when the broker has confirmed; never otherwise. For races. */
  async untilConfirmed(): Promise<void> {
    await this.settled;
    if (this.#outcome.state !== "confirmed") await new Promise<never>(() => undefined);
  }
}

/**
 * How a publish ended, from all its tries (one or two of the same message).
 *
 * One confirm is enough, whichever try it belongs to. But a refusal speaks only for its own try: when the first one is in
 * doubt and the second is nacked or returned, the first may still be on its way into the queue (a slow broker takes the
 * first, is full, and refuses the second). So "not handed over" needs every try refused.
 */
export function foldTries(tries: readonly TryState[]): PublishEnding {
  if (tries.some(({ state }) => state === "confirmed")) return { ending: "confirmed" };
  let refused: PublishEnding | undefined;
  for (const one of tries) {
    if (one.state !== "refused") return { ending: "unconfirmed" };
    refused = { ending: "not_handed_over", reason: one.reason };
  }
  return refused ?? { ending: "not_handed_over", reason: "queue_unreachable" };
}
