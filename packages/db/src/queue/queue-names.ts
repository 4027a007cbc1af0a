import { LANES, QUEUE_NAMES } from "@sms-gateway/contracts";

/** Those that are published to and consumed; the dead letters have a table of their own. */
export const GROUP_QUEUES: readonly string[] = [
  ...LANES.map((lane) => QUEUE_NAMES.accepted[lane]),
  QUEUE_NAMES.reports,
];
