import { ApiError, type MessageQueue, type QueueOverview } from "@sms-gateway/contracts";
import { countDeadLetters, type Database } from "@sms-gateway/db";

/** What looking at the queues needs. */
export interface ShowQueuesDeps {
  readonly db: Database;
  readonly queue: Pick<MessageQueue, "depths">;
}

/** The queue comes back within seconds of its server. */
const RETRY_AFTER_S = 2;

/** What waits in the queues, and what was put aside. @throws ApiError SERVICE_UNAVAILABLE while the queue is away. */
export async function showQueues({ db, queue }: ShowQueuesDeps): Promise<QueueOverview> {
  const depths = await queue.depths();
  if (depths === undefined) {
    const details = { reason: "queue_unreachable" };
    throw new ApiError("SERVICE_UNAVAILABLE", { details, retryAfterS: RETRY_AFTER_S });
  }
  const letters = await countDeadLetters(db);
  return {
    queues: Object.entries(depths).map(([name, depth]) => ({ name, depth })),
    dead_letters: [...letters].map(([name, kept]) => ({ queue: name, kept })),
  };
}
