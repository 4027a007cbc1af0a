/** Connections are kept apart: the broker stops reading from one that publishes too much, and acks must still get through. */
export type ConnectionPurpose = "publishing" | "consuming";

/** What the adapter tells its owner, for logs and metrics. Nothing here carries a text, a number or a password. */
export type AmqpEvent =
  | { readonly event: "connected"; readonly connection: ConnectionPurpose; readonly serverVersion: string }
  | {
      readonly event: "lost";
      readonly connection: ConnectionPurpose;
      readonly reason: string;
      /** Tries in a row that came to nothing, this one included. */
      readonly failures: number;
      readonly retryInMs: number;
    }
  | { readonly event: "blocked"; readonly reason: string }
  | { readonly event: "unblocked" }
  /** A queue exists with other arguments than ours; it is used as it is. */
  | {
      readonly event: "topology_problem";
      readonly queue: string;
      readonly problem: string;
      readonly remedy: string;
    }
  /** The first try of a publish ended in doubt; the same message goes out once more, and may arrive twice. */
  | { readonly event: "publish_repeated"; readonly queue: string; readonly messageId: string }
  | { readonly event: "consumer_lost"; readonly queue: string; readonly reason: string }
  /** Our own fault: a listener threw. */
  | { readonly event: "fault"; readonly error: unknown };

export type ReportEvent = (event: AmqpEvent) => void;
