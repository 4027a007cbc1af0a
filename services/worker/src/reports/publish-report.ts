import {
  createGroupPublisher,
  type MessageQueue,
  type PublishEnding,
  type ReportEnvelope,
} from "@sms-gateway/contracts";
import type { Logger } from "@sms-gateway/runtime";

export interface ReportPublisherDeps {
  readonly queue: Pick<MessageQueue, "publishReports">;
  readonly logger: Logger;
  readonly isStopping: () => boolean;
}

/** Of a report in a group, beside what the provider has sent, in bytes. Near enough for a limit: control characters take more. */
const REPORT_BYTES = 500;
/**
 * Most providers send a report once only, so it waits for the queue as long as they wait for our answer: Twilio for 15 s
 * (https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides), of which the publish itself may take 5.
 */
const WAITING_LIMIT_MS = 9_000;
/** A stop waits for open callbacks, and has no time for a queue that is slow. */
const STOPPING_WAITING_LIMIT_MS = 0;

/** Makes the way of reports into the queue: those that come at the same time go together, and each ends as its group ends. */
export function createReportPublisher({ queue, logger, isStopping }: ReportPublisherDeps) {
  const publisher = createGroupPublisher<"reports", ReportEnvelope>({
    publishGroup: (_line, group) => queue.publishReports(group),
    waitingLimitMs: () => (isStopping() ? STOPPING_WAITING_LIMIT_MS : WAITING_LIMIT_MS),
    estimateBytes: ({ body, query }) => REPORT_BYTES + Buffer.byteLength(body) + query.length,
    onFault: (err) => logger.error({ event: "callback.publish_fault", err }),
  });
  return (report: ReportEnvelope): Promise<PublishEnding> => publisher.publish("reports", report);
}
