import { LANES, type Lane } from "./lanes.ts";

/** The queues' names, whatever they run on; an adapter may put an installation's prefix before them. */
export const QUEUE_NAMES = {
  accepted: {
    high: "sms.accepted.high",
    normal: "sms.accepted.normal",
    bulk: "sms.accepted.bulk",
  } satisfies Record<Lane, string>,
  reports: "sms.reports",
  dead: "sms.dead",
} as const;

/**
 * The lane, or the reports, that a queue of this name is for; `undefined` when it is none of these. The name may have a
 * prefix: an installation that was moved knows its dead letters by their former queues.
 */
export function findPurpose(queue: string): Lane | "reports" | undefined {
  if (queue.endsWith(QUEUE_NAMES.reports)) return "reports";
  return LANES.find((lane) => queue.endsWith(QUEUE_NAMES.accepted[lane]));
}
