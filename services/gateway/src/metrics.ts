import type { Metrics } from "@sms-gateway/runtime";
import { Counter, Gauge, Histogram } from "prom-client";

export type GatewayMetrics = ReturnType<typeof createGatewayMetrics>;

// From half a millisecond to the publish deadline of 5 s.
const SECONDS_BUCKETS = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

/** What the gateway counts beside HTTP durations. */
export function createGatewayMetrics({ registry }: Metrics) {
  const registers = [registry];
  return {
    accepted: new Counter({
      name: "sms_messages_accepted_total",
      help: "Messages accepted, by lane.",
      labelNames: ["lane"],
      registers,
    }),
    replayed: new Counter({
      name: "sms_requests_replayed_total",
      help: "Requests answered from their reservation.",
      registers,
    }),
    refused: new Counter({
      name: "sms_requests_refused_total",
      help: "Requests to send that were refused, by error code and by limit or reason.",
      labelNames: ["code", "detail"],
      registers,
    }),
    groupSize: new Histogram({
      name: "sms_publish_group_envelopes",
      help: "Requests per published group.",
      buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256, 500],
      registers,
    }),
    publishSeconds: new Histogram({
      name: "sms_publish_seconds",
      help: "From publish to its ending, by ending.",
      labelNames: ["ending"],
      buckets: SECONDS_BUCKETS,
      registers,
    }),
    admissionSeconds: new Histogram({
      name: "sms_admission_seconds",
      help: "Time of the admission step.",
      buckets: SECONDS_BUCKETS,
      registers,
    }),
  };
}

/** Shows how many requests wait for their group to leave, read whenever the metrics are. */
export function watchWaiting({ registry }: Metrics, waiting: () => number): void {
  new Gauge({
    name: "sms_publish_waiting_envelopes",
    help: "Requests waiting for their group to leave.",
    registers: [registry],
    collect() {
      this.set(waiting());
    },
  });
}
