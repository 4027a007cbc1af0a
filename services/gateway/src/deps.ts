import type { Admission, Directory, MessageQueue } from "@sms-gateway/contracts";
import type { Logger, Metrics } from "@sms-gateway/runtime";
import type { GatewaySettings } from "./config.ts";

/** Everything the gateway is built from; the adapters are chosen by whoever builds it. */
export interface GatewayDeps {
  readonly settings: GatewaySettings;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly queue: MessageQueue;
  readonly admission: Admission;
  /** What admission and directory run on: its name in `/readyz` and in the reason of a 503. */
  readonly store: "redis" | "database";
  readonly directory: Directory;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}
