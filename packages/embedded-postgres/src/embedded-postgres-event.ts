/** What happens to the server that its user may want to log. */
export type EmbeddedPostgresEvent =
  /** A server that was left running was taken over. */
  | { readonly event: "adopted"; readonly pid: number }
  /** A server that was left running could not be taken over and was shut down. */
  | { readonly event: "orphan_ended"; readonly pid: number; readonly reason: string }
  /** Somebody else listens on the port of the last start. */
  | { readonly event: "port_changed"; readonly from: number; readonly to: number }
  /** The server has died; it is started again. */
  | { readonly event: "ended"; readonly pid: number; readonly how: string }
  /** Whether it lives could not be told for a while; it counts as alive. Reported once per server. */
  | { readonly event: "watch_failed"; readonly pid: number; readonly reason: string }
  | { readonly event: "start_failed"; readonly reason: string; readonly retryAfterMs: number }
  | { readonly event: "restarted"; readonly pid: number; readonly afterMs: number }
  /** Old log files could not be removed. */
  | { readonly event: "log_not_pruned"; readonly reason: string };
