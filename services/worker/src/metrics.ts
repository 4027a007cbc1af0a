import type { Metrics } from "@sms-gateway/runtime";
import { Counter, Gauge, Histogram } from "prom-client";

export type WorkerMetrics = ReturnType<typeof createWorkerMetrics>;

// From a provider in the same machine to the longest submit.
const SUBMIT_BUCKETS_S = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
// From a message that was never queued behind anything to one that waited for retries or an outage.
const LATENCY_BUCKETS_S = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 21_600, 86_400];
const BATCH_BUCKETS = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000];

/** What the worker counts beside HTTP durations. */
export function createWorkerMetrics({ registry }: Metrics) {
  const registers = [registry];
  return {
    states: new Counter({
      name: "sms_message_states_total",
      help: "Messages that entered a status.",
      labelNames: ["status"],
      registers,
    }),
    attempts: new Counter({
      name: "sms_attempts_total",
      help: "Finished calls of providers.",
      labelNames: ["provider", "outcome"],
      registers,
    }),
    attemptSeconds: new Histogram({
      name: "sms_attempt_seconds",
      help: "Duration of one call of a provider.",
      labelNames: ["provider"],
      buckets: SUBMIT_BUCKETS_S,
      registers,
    }),
    openAttempts: new Gauge({
      name: "sms_attempts_open",
      help: "Calls of providers that this worker has open.",
      labelNames: ["provider"],
      registers,
    }),
    acceptToSentSeconds: new Histogram({
      name: "sms_accept_to_sent_seconds",
      help: "From acceptance by the gateway (or the scheduled time) until a provider has accepted.",
      buckets: LATENCY_BUCKETS_S,
      registers,
    }),
    sentToDeliveredSeconds: new Histogram({
      name: "sms_sent_to_delivered_seconds",
      help: "From a provider's acceptance until the delivered report is applied.",
      buckets: LATENCY_BUCKETS_S,
      registers,
    }),
    recordBatch: new Histogram({
      name: "sms_record_batch_messages",
      help: "Messages recorded in one statement.",
      buckets: BATCH_BUCKETS,
      registers,
    }),
    settleBatch: new Histogram({
      name: "sms_settle_batch_messages",
      help: "Messages whose submit results were written in one statement.",
      buckets: BATCH_BUCKETS,
      registers,
    }),
    unsettledResults: new Gauge({
      name: "sms_submit_results_unsettled",
      help: "Submit results in memory that are not yet in the database.",
      registers,
    }),
    forgottenMessages: new Gauge({
      name: "sms_messages_forgotten",
      help: "Messages that are still queued or sending five minutes after their deadline; 10 000 stands for that or more.",
      registers,
    }),
    queueDepth: new Gauge({
      name: "sms_queue_depth",
      help: "Groups waiting in each queue.",
      labelNames: ["queue"],
      registers,
    }),
    reports: new Counter({
      name: "sms_reports_total",
      help: "Delivery reports, by what became of them: applied, repeated, parked, unreadable, unknown_word, dropped, refused.",
      labelNames: ["provider", "result"],
      registers,
    }),
    callbacks: new Counter({
      name: "sms_callbacks_total",
      help: "Callbacks of providers, by answer: taken, forged, not_queued.",
      labelNames: ["provider", "result"],
      registers,
    }),
    failures: new Counter({
      name: "sms_worker_failures_total",
      help: "Failures of the worker's own parts, by part; each is logged.",
      labelNames: ["part"],
      registers,
    }),
  };
}
