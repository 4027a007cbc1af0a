import { LANES, type Lane } from "@sms-gateway/contracts";

/** The same names as over AMQP: they are read in metrics, logs and dead letters. */
export const QUEUE_NAMES = {
  accepted: {
    high: "sms.accepted.high",
    normal: "sms.accepted.normal",
    bulk: "sms.accepted.bulk",
  } satisfies Record<Lane, string>,
  reports: "sms.reports",
  dead: "sms.dead",
} as const;

/** Those that are published to and consumed; the dead letters have a table of their own. */
export const GROUP_QUEUES: readonly string[] = [
  ...LANES.map((lane) => QUEUE_NAMES.accepted[lane]),
  QUEUE_NAMES.reports,
];
