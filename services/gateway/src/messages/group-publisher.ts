import type { AcceptedEnvelope, Lane, PublishEnding } from "@sms-gateway/contracts";

/**
 * Group publish (architecture.md 5.2): requests that arrive while a confirm is outstanding leave together as one queue
 * message. It costs no latency, since a group only gathers what would wait anyway, and makes the broker's price per
 * message vanish. Each lane has its own line of waiting envelopes; at most two groups of a lane are in flight.
 */
export interface GroupPublisher {
  /** Ends as the envelope's group ends; `queue_full` at once when too much is waiting. */
  publish(lane: Lane, envelope: AcceptedEnvelope): Promise<PublishEnding>;
  waiting(): number;
}

export interface GroupPublisherOptions {
  readonly publishAccepted: (lane: Lane, envelopes: readonly AcceptedEnvelope[]) => Promise<PublishEnding>;
  readonly onGroup: (size: number, ending: PublishEnding["ending"], seconds: number) => void;
  /** An exception of the queue adapter: its fault, since every expected ending is a value. */
  readonly onFault: (error: unknown) => void;
}

const GROUP_ENVELOPES_MAX = 500;
const GROUP_BYTES_MAX = 1024 * 1024;
/** With one group in flight the broker idles between confirm and next publish; a third only makes groups smaller. */
const IN_FLIGHT_MAX = 2;
/** Bounds the gateway's memory while the broker is slow: what comes beyond is refused, not held. */
const WAITING_BYTES_MAX = 64 * 1024 * 1024;

interface Waiting {
  readonly envelope: AcceptedEnvelope;
  readonly bytes: number;
  readonly settle: (ending: PublishEnding) => void;
}

interface Line {
  readonly waiting: Waiting[];
  inFlight: number;
}

/** Makes the publisher in front of a `MessageQueue`. */
export function createGroupPublisher(options: GroupPublisherOptions): GroupPublisher {
  const lines = new Map<Lane, Line>();
  let waitingBytes = 0;
  let waitingCount = 0;

  const publish = async (lane: Lane, line: Line): Promise<void> => {
    const group = takeGroup(line.waiting);
    waitingBytes -= group.reduce((sum, item) => sum + item.bytes, 0);
    waitingCount -= group.length;
    line.inFlight += 1;
    const startedAt = performance.now();
    let ending: PublishEnding = { ending: "unconfirmed" };
    try {
      ending = await options.publishAccepted(
        lane,
        group.map((item) => item.envelope),
      );
    } catch (error) {
      // Nobody knows what happened to the group: `unconfirmed` stays.
      options.onFault(error);
    }
    line.inFlight -= 1;
    options.onGroup(group.length, ending.ending, (performance.now() - startedAt) / 1000);
    for (const item of group) item.settle(ending);
    drain(lane, line);
  };

  const drain = (lane: Lane, line: Line): void => {
    while (line.inFlight < IN_FLIGHT_MAX && line.waiting.length > 0) void publish(lane, line);
  };

  return {
    publish(lane, envelope) {
      const bytes = estimateBytes(envelope);
      if (waitingBytes + bytes > WAITING_BYTES_MAX)
        return Promise.resolve({ ending: "not_handed_over", reason: "queue_full" });
      const line = lines.get(lane) ?? { waiting: [], inFlight: 0 };
      lines.set(lane, line);
      waitingBytes += bytes;
      waitingCount += 1;
      return new Promise((settle) => {
        line.waiting.push({ envelope, bytes, settle });
        drain(lane, line);
      });
    },
    waiting: () => waitingCount,
  };
}

/** Takes as many from the front as one group may hold; always at least one. */
function takeGroup(waiting: Waiting[]): Waiting[] {
  let bytes = 0;
  let size = 0;
  while (size < waiting.length && size < GROUP_ENVELOPES_MAX) {
    bytes += waiting[size]?.bytes ?? 0;
    if (size > 0 && bytes > GROUP_BYTES_MAX) break;
    size += 1;
  }
  return waiting.splice(0, size);
}

/** Near enough for a limit: the parts that can be large, and a flat allowance for the rest. */
function estimateBytes(envelope: AcceptedEnvelope): number {
  const metadata = envelope.metadata === null ? 0 : 4096;
  return 1000 + envelope.text.length * 3 + metadata + envelope.recipients.length * 100;
}
