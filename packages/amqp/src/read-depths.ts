import { withinMs } from "@sms-gateway/waiting";
import type { ReportEvent } from "./amqp-event.ts";
import { type BrokerConnection, closeChannel, openChannel } from "./broker-connection.ts";

const DEPTHS_LIMIT_MS = 2000;

/**
 * Number of messages that wait in each queue, by passive declares on a channel of their own: a missing queue closes it.
 * @throws Error when a queue is missing or the broker silent, after 2 s at most.
 */
export async function readDepths(
  connection: BrokerConnection,
  queues: readonly string[],
  report: ReportEvent,
): Promise<Record<string, number>> {
  const deadline = performance.now() + DEPTHS_LIMIT_MS;
  const leftMs = (): number => Math.max(1, Math.round(deadline - performance.now()));
  const channel = await openChannel(connection, DEPTHS_LIMIT_MS, report);
  try {
    const depths: Record<string, number> = {};
    for (const queue of queues) {
      const { messageCount } = await withinMs(leftMs(), `asking for ${queue}`, channel.checkQueue(queue));
      depths[queue] = messageCount;
    }
    return depths;
  } finally {
    void closeChannel(channel, DEPTHS_LIMIT_MS);
  }
}
