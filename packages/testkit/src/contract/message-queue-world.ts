import type { Lane, MessageQueue } from "@sms-gateway/contracts";

/** Queues of a test's own, empty at the start, and ways to reach them past the adapter. */
export type MessageQueueWorld = {
  /**
   * One more adapter on these queues, as another process would have it; ready for use. Its pauses between calls of a
   * failing `take` should be short, some 50 ms.
   */
  open(options?: { readonly bootId?: string; readonly maxLengthMessages?: number }): Promise<MessageQueue>;
  /** Puts values into a lane as one group, whether they are envelopes or not; with this beside it in a stamp's place. */
  putGroup(lane: Lane, values: readonly unknown[], stamp?: unknown): Promise<void>;
  /** Puts bytes into a queue as they are; with this beside them in a stamp's place. */
  putBytes(queue: Lane | "reports", bytes: Buffer, stamp?: unknown): Promise<void>;
  /**
   * Whether an adapter has written something twice because the server was slow to confirm, which it may: on a busy
   * machine this must not look like a double of our making.
   */
  hasRepeated(): boolean;
  /** Whether a consumer holds more than the batch it is working on; what it holds waits no more, so it is no depth. */
  readonly readsAhead: boolean;
  /** Closes every adapter that is still open and removes the queues. */
  close(): Promise<void>;
};
