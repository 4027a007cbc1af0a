import type { AcceptedEnvelope, GroupStamp, Lane, TakenGroup } from "@sms-gateway/contracts";
import {
  accountGroups,
  type Database,
  DatabaseUnavailableError,
  type DayCounts,
  type TakenStamp,
} from "@sms-gateway/db";
import type { Logger } from "@sms-gateway/runtime";
import { nameRow, type RecordOutcomes } from "../messages/record-messages.ts";
import type { WorkerMetrics } from "../metrics.ts";

/** What accounting needs. */
export interface AccountBatchDeps {
  readonly db: Database;
  readonly metrics: WorkerMetrics;
  readonly logger: Logger;
}

/** A batch that is recorded. */
export interface RecordedBatch {
  readonly envelopes: readonly AcceptedEnvelope[];
  readonly groups: readonly TakenGroup[];
  readonly outcomes: RecordOutcomes;
}

/**
 * Accounts for a recorded batch, before it is acknowledged: that its groups have arrived, and that every message which they
 * announced was recorded, was there already, became an alias or is a dead letter (architecture.md 5.3). Groups without a
 * stamp announce nothing. A group that comes again counts once.
 *
 * A fault of the accounting itself holds up no messages: it is logged, and the batch then counts as missing.
 *
 * @throws DatabaseUnavailableError when the database is away: the same batch comes again.
 */
export async function accountBatch(deps: AccountBatchDeps, lane: Lane, batch: RecordedBatch): Promise<void> {
  const { metrics, logger } = deps;
  try {
    await keepAccounts(deps, lane, batch);
  } catch (err) {
    if (err instanceof DatabaseUnavailableError) throw err;
    metrics.failures.inc({ part: "accounting" });
    logger.error({ event: "accounting.failed", lane, err }, "a batch is recorded and not accounted for");
  }
}

async function keepAccounts(deps: AccountBatchDeps, lane: Lane, batch: RecordedBatch): Promise<void> {
  const { db, logger } = deps;
  const { counted, late } = await accountGroups(db, lane, tallyGroups(deps, lane, batch));
  for (const { bootId, first, last, since } of late) {
    const fields = { event: "accounting.batch_arrived_late", boot_id: bootId, lane, first, last, since };
    logger.warn(fields, "groups that were missing have arrived");
  }
  for (const group of counted) reportUnbalanced(deps, lane, group);
}

function tallyGroups(deps: AccountBatchDeps, lane: Lane, { envelopes, groups, outcomes }: RecordedBatch): TakenStamp[] {
  const seen = new Set<string>();
  const taken: TakenStamp[] = [];
  let start = 0;
  for (const { stamp, size, buried } of groups) {
    const days = tallyEnvelopes(envelopes.slice(start, start + size), outcomes, seen);
    start += size;
    if (stamp === null) continue;
    if (isCountable(stamp)) taken.push({ stamp, days: compareWith(stamp, days, buried > 0) });
    else reportUncountable(deps, lane, stamp);
  }
  return taken;
}

type Tally = Pick<DayCounts, "recorded" | "repeated" | "aliases"> & { readonly readable: number };

const NOTHING: Tally = { readable: 0, recorded: 0, repeated: 0, aliases: 0 };

/** @param seen messages of the batch's groups so far: what comes a second time in one batch is recorded once. */
function tallyEnvelopes(
  envelopes: readonly AcceptedEnvelope[],
  outcomes: RecordOutcomes,
  seen: Set<string>,
): Map<string, Tally> {
  const days = new Map<string, Tally>();
  for (const { seed, accepted_at: acceptedAt, recipients } of envelopes) {
    // The envelope's times are in UTC.
    const day = acceptedAt.slice(0, 10);
    const tally = { ...(days.get(day) ?? NOTHING) };
    for (const { id } of recipients) {
      const name = nameRow(id, seed);
      const outcome = outcomes.get(name);
      const isNew = !seen.has(name);
      seen.add(name);
      tally.readable += 1;
      if (outcome === "recorded" && isNew) tally.recorded += 1;
      else if (outcome === "alias" && isNew) tally.aliases += 1;
      else if (outcome !== undefined && outcome !== "other_seed") tally.repeated += 1;
    }
    days.set(day, tally);
  }
  return days;
}

/** Of a group with parts that could not be read, what was announced and is not there was in them. */
function compareWith(
  { messages }: GroupStamp,
  tallies: ReadonlyMap<string, Tally>,
  hasDead: boolean,
): Map<string, DayCounts> {
  const days = new Map<string, DayCounts>();
  for (const day of new Set([...Object.keys(messages), ...tallies.keys()])) {
    const { readable, ...counts } = tallies.get(day) ?? NOTHING;
    const announced = messages[day] ?? 0;
    days.set(day, { announced, ...counts, dead: hasDead ? Math.max(0, announced - readable) : 0 });
  }
  return days;
}

/** Far above a group of 500 requests with 1 000 recipients each; sums of a batch stay exact. */
const ANNOUNCED_MAX = 1_000_000_000;

/** Whether the database can hold this; a stamp that nobody of ours has written must not hold up its batch for ever. */
function isCountable({ bootId, messages }: GroupStamp): boolean {
  const isNamed = /^[\x21-\x7e]{1,100}$/.test(bootId);
  return isNamed && Object.entries(messages).every(([day, count]) => isDay(day) && count <= ANNOUNCED_MAX);
}

function isDay(day: string): boolean {
  const timeMs = Date.parse(day);
  return timeMs >= 0 && new Date(timeMs).toISOString().startsWith(day);
}

function reportUncountable({ metrics, logger }: AccountBatchDeps, lane: Lane, { sequence }: GroupStamp): void {
  metrics.failures.inc({ part: "accounting_stamp" });
  logger.error({ event: "accounting.stamp_unusable", lane, sequence }, "a group's stamp is none of ours");
}

function reportUnbalanced({ metrics, logger }: AccountBatchDeps, lane: Lane, { stamp, days }: TakenStamp): void {
  for (const [day, { announced, recorded, repeated, aliases, dead }] of days) {
    if (announced === recorded + repeated + aliases + dead) continue;
    metrics.failures.inc({ part: "accounting_mismatch" });
    const counts = { announced, recorded, repeated, aliases, dead_letters: dead };
    logger.error(
      { event: "accounting.mismatch", boot_id: stamp.bootId, lane, sequence: stamp.sequence, day, ...counts },
      "a group holds another number of messages than was announced",
    );
  }
}
