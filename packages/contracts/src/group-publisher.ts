import type { PublishEnding } from "./ports/message-queue.ts";

/**
 * Group publish (architecture.md 5.2): what arrives while a confirm is outstanding leaves together as one queue
 * message. It costs no latency, since a group only gathers what would wait anyway, and makes the broker's price per
 * message vanish. Each line (a lane's requests, or the reports) waits by itself; at most two of its groups are in flight.
 *
 * States of an envelope: *waiting* → *in flight* with its group → ended as the group ends. What has waited for
 * `waitingLimitMs` ends `not_handed_over` instead.
 */
export interface GroupPublisher<LineName extends string, Envelope> {
  /** Ends as the envelope's group ends; `queue_full` when too much is waiting, or it has waited too long. */
  publish(line: LineName, envelope: Envelope): Promise<PublishEnding>;
  /** Envelopes that wait for their group to leave. */
  waiting(): number;
}

export interface GroupPublisherOptions<LineName extends string, Envelope> {
  readonly publishGroup: (line: LineName, envelopes: readonly Envelope[]) => Promise<PublishEnding>;
  /** Longest wait in the line, in milliseconds: for how long an answer is better late than negative. */
  readonly waitingLimitMs: () => number;
  /** How long an envelope is in its group, in bytes; near enough for a limit. */
  readonly estimateBytes: (envelope: Envelope) => number;
  /** Told of every group that has ended: its size in envelopes, how, and after how long. */
  readonly onGroup?: (size: number, ending: PublishEnding["ending"], seconds: number) => void;
  /** An exception of the queue adapter: its fault, since every expected ending is a value. */
  readonly onFault: (error: unknown) => void;
}

const GROUP_ENVELOPES_MAX = 500;
const GROUP_BYTES_MAX = 1024 * 1024;
/** With one group in flight the broker idles between confirm and next publish; a third only makes groups smaller. */
const IN_FLIGHT_MAX = 2;
/** Bounds the publisher's memory while the broker is slow: what comes beyond is refused, not held. */
const WAITING_BYTES_MAX = 64 * 1024 * 1024;
const SWEEP_EVERY_MS = 100;

interface Waiting<Envelope> {
  readonly envelope: Envelope;
  readonly bytes: number;
  readonly sinceMs: number;
  readonly settle: (ending: PublishEnding) => void;
}

interface Line<LineName, Envelope> {
  readonly name: LineName;
  readonly waiting: Waiting<Envelope>[];
  inFlight: number;
  sweep: NodeJS.Timeout | undefined;
}

/** Makes the publisher in front of a `MessageQueue`. */
export function createGroupPublisher<LineName extends string, Envelope>(
  options: GroupPublisherOptions<LineName, Envelope>,
): GroupPublisher<LineName, Envelope> {
  type OwnLine = Line<LineName, Envelope>;
  const lines = new Map<LineName, OwnLine>();
  let waitingBytes = 0;
  let waitingCount = 0;

  const take = (line: OwnLine, count: number): Waiting<Envelope>[] => {
    const taken = line.waiting.splice(0, count);
    waitingCount -= taken.length;
    for (const { bytes } of taken) waitingBytes -= bytes;
    return taken;
  };

  const publishGroup = async (line: OwnLine): Promise<void> => {
    const group = take(line, countGroup(line.waiting));
    line.inFlight += 1;
    const startedAtMs = performance.now();
    let ending: PublishEnding = { ending: "unconfirmed" };
    try {
      ending = await options.publishGroup(
        line.name,
        group.map(({ envelope }) => envelope),
      );
    } catch (error) {
      // Nobody knows what happened to the group: `unconfirmed` stays.
      options.onFault(error);
    }
    line.inFlight -= 1;
    options.onGroup?.(group.length, ending.ending, (performance.now() - startedAtMs) / 1000);
    for (const { settle } of group) settle(ending);
    advance(line);
  };

  const advance = (line: OwnLine): void => {
    while (line.inFlight < IN_FLIGHT_MAX && line.waiting.length > 0) void publishGroup(line);
    if (line.waiting.length > 0 && line.sweep === undefined) {
      line.sweep = setTimeout(() => refuseOverdue(line), SWEEP_EVERY_MS).unref();
    }
  };

  const refuseOverdue = (line: OwnLine): void => {
    line.sweep = undefined;
    const dueMs = performance.now() - options.waitingLimitMs();
    // In order of arrival, so the overdue ones are at the front.
    const firstInTime = line.waiting.findIndex(({ sinceMs }) => sinceMs > dueMs);
    const overdue = take(line, firstInTime === -1 ? line.waiting.length : firstInTime);
    for (const { settle } of overdue) settle({ ending: "not_handed_over", reason: "queue_full" });
    advance(line);
  };

  return {
    publish(name, envelope) {
      const bytes = options.estimateBytes(envelope);
      if (waitingBytes + bytes > WAITING_BYTES_MAX) {
        return Promise.resolve({ ending: "not_handed_over", reason: "queue_full" });
      }
      const line: OwnLine = lines.get(name) ?? { name, waiting: [], inFlight: 0, sweep: undefined };
      lines.set(name, line);
      waitingBytes += bytes;
      waitingCount += 1;
      return new Promise((settle) => {
        line.waiting.push({ envelope, bytes, sinceMs: performance.now(), settle });
        advance(line);
      });
    },
    waiting: () => waitingCount,
  };
}

/** How many from the front make one group; always at least one. */
function countGroup(waiting: readonly Pick<Waiting<unknown>, "bytes">[]): number {
  let bytes = 0;
  let size = 0;
  for (const item of waiting) {
    bytes += item.bytes;
    if (size === GROUP_ENVELOPES_MAX || (size > 0 && bytes > GROUP_BYTES_MAX)) break;
    size += 1;
  }
  return size;
}
