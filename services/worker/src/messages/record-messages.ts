import { type AcceptedEnvelope, PROVIDER_NAMES, type ProviderName } from "@sms-gateway/contracts";
import { type Database, type RecordedMessage, recordAccepted } from "@sms-gateway/db";
import type { Logger } from "@sms-gateway/runtime";
import type { PlanningContext } from "../delivery/plan-provider.ts";
import type { KnownDirectory } from "../directory/known-directory.ts";
import type { WorkerMetrics } from "../metrics.ts";
import { planRecord } from "./plan-record.ts";

/** What recording needs. */
export interface RecordMessagesDeps {
  readonly db: Database;
  readonly directory: KnownDirectory;
  /** The state of the providers at this moment. */
  readonly planning: () => PlanningContext;
  readonly metrics: WorkerMetrics;
  readonly logger: Logger;
  /** Something is due for these providers. */
  readonly wake: (providers: ReadonlySet<ProviderName>) => void;
}

/** What became of the messages of one request. */
export interface RequestTally {
  readonly recorded: number;
  /** Were there before: the request comes again, or twice in one batch. */
  readonly repeated: number;
  readonly aliases: number;
}

const NOTHING: RequestTally = { recorded: 0, repeated: 0, aliases: 0 };

/** Messages planned and recorded at a time, at least: a request has up to 1 000, and a batch up to 5 000 requests. */
const SLICE_MESSAGES = 2_000;

/**
 * Records a batch of accepted requests, slice by slice, and wakes whoever claims after each (architecture.md 5.3).
 * Recording the same batch again changes nothing. It never submits. A batch has up to millions of messages: what is
 * known of each is counted with its slice and then forgotten.
 *
 * @returns what became of each request, in their order.
 * @throws DatabaseUnavailableError when the database is away: the same batch comes again.
 */
export async function recordMessages(
  deps: RecordMessagesDeps,
  envelopes: readonly AcceptedEnvelope[],
): Promise<RequestTally[]> {
  const tallies: RequestTally[] = [];
  for (const slice of sliceByMessages(envelopes)) {
    tallies.push(...tallyRequests(slice, await recordSlice(deps, slice)));
  }
  return tallies;
}

/** @param results one per message, however often its request is in the slice. */
function tallyRequests(envelopes: readonly AcceptedEnvelope[], results: readonly RecordedMessage[]): RequestTally[] {
  const firsts = new Map<string, RequestTally>();
  for (const { seed, outcome, row } of results) {
    const name = nameRequest(row.clientId, seed);
    firsts.set(name, addOutcome(firsts.get(name) ?? NOTHING, outcome));
  }
  const seen = new Set<string>();
  return envelopes.map(({ client_id: clientId, seed }) => {
    const name = nameRequest(clientId, seed);
    const first = firsts.get(name) ?? NOTHING;
    if (seen.has(name)) return { ...NOTHING, repeated: first.recorded + first.aliases + first.repeated };
    seen.add(name);
    return first;
  });
}

function nameRequest(clientId: string, seed: string): string {
  return `${clientId} ${seed}`;
}

/** An id that was issued twice is nothing that was announced. */
function addOutcome(tally: RequestTally, outcome: RecordedMessage["outcome"]): RequestTally {
  switch (outcome) {
    case "recorded":
      return { ...tally, recorded: tally.recorded + 1 };
    case "alias":
      return { ...tally, aliases: tally.aliases + 1 };
    case "already_recorded":
      return { ...tally, repeated: tally.repeated + 1 };
    case "other_seed":
      return tally;
  }
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

async function recordSlice(
  deps: RecordMessagesDeps,
  envelopes: readonly AcceptedEnvelope[],
): Promise<RecordedMessage[]> {
  const { db, directory, metrics } = deps;
  const now = new Date();
  const context = { ...deps.planning(), now };
  const rows = envelopes.flatMap((envelope) =>
    planRecord(envelope, { ...context, client: directory.client(envelope.client_id) }),
  );
  const results = await recordAccepted(db, rows);
  const recorded = results.filter(({ outcome }) => outcome === "recorded");
  metrics.recordBatch.observe(rows.length);
  for (const { row } of recorded) metrics.states.inc({ status: row.status });
  for (const result of results) logOdd(deps, result);
  const due = recorded.filter(({ row }) => row.status === "queued").map(({ row }) => row.plannedProvider);
  deps.wake(new Set(PROVIDER_NAMES.filter((name) => due.includes(name))));
  return results;
}

function logOdd({ metrics, logger }: RecordMessagesDeps, { id, seed, outcome, messageId, row }: RecordedMessage): void {
  if (outcome === "alias") {
    logger.info(
      { event: "record.alias", message_id: messageId, alias_id: id, seed, client_id: row.clientId },
      "the same request was accepted twice under one Idempotency-Key",
    );
  }
  if (outcome === "other_seed") {
    metrics.failures.inc({ part: "record_other_seed" });
    logger.error(
      { event: "record.other_seed", message_id: id, seed, client_id: row.clientId },
      "an id was issued twice",
    );
  }
}
