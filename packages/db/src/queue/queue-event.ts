/** What the adapter tells its owner, for logs and metrics. Nothing here carries a text, a number or a password. */
export type DbQueueEvent =
  /** Groups can be published. */
  | { readonly event: "connected" }
  | {
      readonly event: "lost";
      readonly reason: string;
      /** Tries in a row that came to nothing, this one included. */
      readonly failures: number;
      readonly retryInMs: number;
    }
  /** The first try of a publish ended in doubt; the same group goes out once more. */
  | { readonly event: "publish_repeated"; readonly queue: string; readonly publishId: string }
  /** Our own fault: a listener threw. */
  | { readonly event: "fault"; readonly error: unknown };

export type ReportEvent = (event: DbQueueEvent) => void;
