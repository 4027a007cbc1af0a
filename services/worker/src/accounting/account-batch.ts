import type { AcceptedEnvelope, GroupStamp, Lane, TakenGroup } from "@sms-gateway/contracts";
import {
  accountGroups,
  type Database,
  DatabaseUnavailableError,
  type DayCounts,
  type TakenStamp,
} from "@sms-gateway/db";
import type { Logger } from "@sms-gateway/runtime";
import type { RequestTally } from "../messages/record-messages.ts";
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
  /** One per envelope. */
  readonly tallies: readonly RequestTally[];
}

/**
 * Accounts for a recorded batch, before it is acknowledged: that its groups have arrived, and that every message which they
 * announced was recorded, was there already, became an alias or is a dead letter (architecture.md 5.3). Groups without a
 * stamp announce nothing. A group that comes again counts once.
 *
 * A fault of the accounting itself holds up no messages: each group is tried alone then, and the one at fault is logged and
 * counts as missing.
 *
 * @throws DatabaseUnavailableError when the database is away: the same batch comes again.
 */
export async function accountBatch(deps: AccountBatchDeps, lane: Lane, batch: RecordedBatch): Promise<void> {
  const groups = tallyGroups(deps, lane, batch);
  const fault = await tryToAccount(deps, lane, groups);
  if (fault === undefined) return;
  for (const group of groups) {
    const err = groups.length === 1 ? fault : await tryToAccount(deps, lane, [group]);
    if (err !== undefined) reportFault(deps, lane, group, err);
  }
}

/** All of these groups or none. @returns what is wrong with them, or with us. */
async function tryToAccount(deps: AccountBatchDeps, lane: Lane, groups: readonly TakenStamp[]): Promise<unknown> {
  try {
    await keepAccounts(deps, lane, groups);
    return undefined;
  } catch (error) {
    if (error instanceof DatabaseUnavailableError) throw error;
    return error;
  }
}

async function keepAccounts(deps: AccountBatchDeps, lane: Lane, groups: readonly TakenStamp[]): Promise<void> {
  const { db, logger } = deps;
  const { counted, late } = await accountGroups(db, lane, groups);
  for (const { bootId, first, last, since } of late) {
    const fields = { event: "accounting.batch_arrived_late", boot_id: bootId, lane, first, last, since };
    logger.warn(fields, "groups that were missing have arrived");
  }
  for (const group of counted) reportUnbalanced(deps, lane, group);
}

function tallyGroups(deps: AccountBatchDeps, lane: Lane, { envelopes, groups, tallies }: RecordedBatch): TakenStamp[] {
  const taken: TakenStamp[] = [];
  let start = 0;
  for (const { stamp, size, buried } of groups) {
    const days = tallyDays(envelopes.slice(start, start + size), tallies.slice(start, start + size));
    start += size;
    if (stamp === null) continue;
    if (isCountable(stamp)) taken.push({ stamp, days: compareWith(stamp, days, buried > 0) });
    else reportUncountable(deps, lane, stamp);
  }
  return taken;
}

type DayTally = RequestTally & { readonly readable: number };

const NOTHING: DayTally = { readable: 0, recorded: 0, repeated: 0, aliases: 0 };

/**
 * By day of acceptance. What names a day that is none (31 February) is left out, and so its group holds less than was
 * announced, which is an alarm; the other groups of its batch are none the worse for it.
 */
function tallyDays(envelopes: readonly AcceptedEnvelope[], tallies: readonly RequestTally[]): Map<string, DayTally> {
  const days = new Map<string, DayTally>();
  for (const [index, { accepted_at: acceptedAt, recipients }] of envelopes.entries()) {
    const tally = tallies[index];
    // The envelope's times are in UTC.
    const day = acceptedAt.slice(0, 10);
    if (tally === undefined || !isDay(day)) continue;
    const sum = days.get(day) ?? NOTHING;
    days.set(day, {
      readable: sum.readable + recipients.length,
      recorded: sum.recorded + tally.recorded,
      repeated: sum.repeated + tally.repeated,
      aliases: sum.aliases + tally.aliases,
    });
  }
  return days;
}

/** Of a group with parts that could not be read, what was announced and is not there was in them. */
function compareWith(
  { messages }: GroupStamp,
  tallies: ReadonlyMap<string, DayTally>,
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
/** A thousand groups a second for thirty years. */
const SEQUENCE_MAX = 1_000_000_000_000;

/** Whether the database can hold this; a stamp that nobody of ours has written must not hold up its batch for ever. */
function isCountable({ bootId, sequence, messages }: GroupStamp): boolean {
  const isNamed = /^[\x21-\x7e]{1,100}$/.test(bootId) && sequence <= SEQUENCE_MAX;
  return isNamed && Object.entries(messages).every(([day, count]) => isDay(day) && count <= ANNOUNCED_MAX);
}

function isDay(day: string): boolean {
  const timeMs = Date.parse(day);
  // 31 February is read as a day of March.
  return timeMs >= 0 && new Date(timeMs).toISOString().startsWith(day);
}

function reportFault({ metrics, logger }: AccountBatchDeps, lane: Lane, { stamp }: TakenStamp, err: unknown): void {
  metrics.failures.inc({ part: "accounting" });
  const fields = { event: "accounting.failed", boot_id: stamp.bootId, lane, sequence: stamp.sequence, err };
  logger.error(fields, "a group is recorded and not accounted for");
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
