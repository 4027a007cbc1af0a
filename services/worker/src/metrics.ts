import type { Metrics } from "@sms-gateway/runtime";
import { Counter, Gauge, Histogram, type Registry } from "prom-client";

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
    ...createCircuitMetrics(registers),
    forgottenMessages: new Gauge({
      name: "sms_messages_forgotten",
      help: "Messages that are still queued or sending five minutes after their deadline; 10 000 stands for that or more.",
      registers,
    }),
    missingBatches: new Gauge({
      name: "sms_batches_missing",
      help: "Groups of accepted requests that have not arrived although later ones have, for five minutes: lost, or stuck.",
      registers,
    }),
    accountingDifference: new Gauge({
      name: "sms_accounting_difference",
      help: "Messages announced today and yesterday of which nothing is known, and recorded ones that are gone.",
      registers,
    }),
    reports: new Counter({
      name: "sms_reports_total",
      help: "Delivery reports, by what became of them: applied, repeated, parked, unreadable, unknown_word, dropped, refused.",
      labelNames: ["provider", "result"],
      registers,
    }),
    ...createDoubtMetrics(registers),
    callbacks: new Counter({
      name: "sms_callbacks_total",
      help: "Callbacks of providers, by answer: taken, forged, not_queued.",
      labelNames: ["provider", "result"],
      registers,
    }),
    ...createQueueMetrics(registers),
    failures: new Counter({
      name: "sms_worker_failures_total",
      help: "Failures of the worker's own parts, by part; each is logged.",
      labelNames: ["part"],
      registers,
    }),
  };
}

/** What was found out about attempts that ended without a word. */
function createDoubtMetrics(registers: Registry[]) {
  return {
    unknownOutcomes: new Counter({
      name: "sms_unknown_outcomes_total",
      help: "Looks at attempts of unknown outcome: found, not_sent, resent, waiting, settled (meanwhile).",
      labelNames: ["provider", "result"],
      registers,
    }),
    reportChases: new Counter({
      name: "sms_report_chases_total",
      help: "Reports that did not come: asked (for each, then found, not_found or unavailable), put_off, missing (given up).",
      labelNames: ["provider", "result"],
      registers,
    }),
  };
}

/** What waits in the queues, and what became of what could not be read. */
function createQueueMetrics(registers: Registry[]) {
  return {
    queueDepth: new Gauge({
      name: "sms_queue_depth",
      help: "Groups waiting in each queue.",
      labelNames: ["queue"],
      registers,
    }),
    deadLetters: new Gauge({
      name: "sms_dead_letters",
      help: "Dead letters that are kept for an operator, by the queue they come from; every worker shows all of them.",
      labelNames: ["queue"],
      registers,
    }),
    deadLettersOldestSeconds: new Gauge({
      name: "sms_dead_letters_oldest_seconds",
      help: "For how long the oldest dead letter has been kept; 0 without any. Its messages are accepted and not sent.",
      registers,
    }),
    deadLetterActions: new Counter({
      name: "sms_dead_letter_actions_total",
      help: "What became of dead letters: kept, requeued, discarded, expired (nobody decided in time).",
      labelNames: ["action"],
      registers,
    }),
  };
}

/** Whether traffic goes to the providers. */
function createCircuitMetrics(registers: Registry[]) {
  return {
    providerCircuit: new Gauge({
      name: "sms_provider_circuit",
      help: "A provider's circuit: 0 closed, 0.5 half-open, 1 open.",
      labelNames: ["provider"],
      registers,
    }),
    providerCircuitChanges: new Counter({
      name: "sms_provider_circuit_changes_total",
      help: "Changes of a provider's circuit, by the worker that made them.",
      labelNames: ["provider", "to"],
      registers,
    }),
  };
}
