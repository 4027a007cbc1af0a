import { type AcceptedEnvelope, PROVIDER_NAMES, type ProviderName } from "@sms-gateway/contracts";
import { type Database, recordAccepted } from "@sms-gateway/db";
import type { Logger } from "@sms-gateway/runtime";
import type { KnownDirectory } from "../directory/known-directory.ts";
import type { WorkerMetrics } from "../metrics.ts";
import { planRecord } from "./plan-record.ts";

/** What recording needs. */
export interface RecordMessagesDeps {
  readonly db: Database;
  readonly directory: KnownDirectory;
  readonly defaultProvider: ProviderName | undefined;
  readonly metrics: WorkerMetrics;
  readonly logger: Logger;
  /** Something is due for these providers. */
  readonly wake: (providers: ReadonlySet<ProviderName>) => void;
}

/** Messages planned and recorded at a time, at least: a request has up to 1 000, and a batch up to 5 000 requests. */
const SLICE_MESSAGES = 2_000;

/**
 * Records a batch of accepted requests, slice by slice, and wakes whoever claims after each (architecture.md 5.3).
 * Recording the same batch again changes nothing. It never submits.
 *
 * @throws DatabaseUnavailableError when the database is away: the same batch comes again.
 */
export async function recordMessages(deps: RecordMessagesDeps, envelopes: readonly AcceptedEnvelope[]): Promise<void> {
  for (const slice of sliceByMessages(envelopes)) await recordSlice(deps, slice);
}

/** Slices of whole requests. */
function sliceByMessages(envelopes: readonly AcceptedEnvelope[]): AcceptedEnvelope[][] {
  const slices: AcceptedEnvelope[][] = [];
  let size = SLICE_MESSAGES;
  for (const envelope of envelopes) {
    if (size >= SLICE_MESSAGES) {
      slices.push([]);
      size = 0;
    }
    slices.at(-1)?.push(envelope);
    size += envelope.recipients.length;
  }
  return slices;
}

async function recordSlice(deps: RecordMessagesDeps, envelopes: readonly AcceptedEnvelope[]): Promise<void> {
  const { db, directory, metrics, logger } = deps;
  const now = new Date();
  const context = { providers: directory.providers(), defaultProvider: deps.defaultProvider, now };
  const rows = envelopes.flatMap((envelope) =>
    planRecord(envelope, { ...context, client: directory.client(envelope.client_id) }),
  );
  const results = await recordAccepted(db, rows);
  const recorded = results.filter(({ outcome }) => outcome === "recorded");
  metrics.recordBatch.observe(rows.length);
  for (const { row } of recorded) metrics.states.inc({ status: row.status });
  for (const { id, seed, outcome, row } of results) {
    if (outcome !== "other_seed") continue;
    metrics.failures.inc({ part: "record_other_seed" });
    logger.error(
      { event: "record.other_seed", message_id: id, seed, client_id: row.clientId },
      "an id was issued twice",
    );
  }
  const due = recorded.filter(({ row }) => row.status === "queued").map(({ row }) => row.plannedProvider);
  deps.wake(new Set(PROVIDER_NAMES.filter((name) => due.includes(name))));
}
