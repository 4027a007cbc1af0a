import {
  type AttemptOutcome,
  type MessageState,
  type ReportStatus,
  SCHEDULE_AHEAD_MAX_MS,
  type SmsType,
} from "@sms-gateway/contracts";
import type { Database } from "../connections.ts";
import { FIND_FOREIGN_IDS } from "../sql/find-foreign-ids.ts";
import { HAS_RIVALS } from "../sql/has-rivals.ts";
import { MARK_UNLOOKED } from "../sql/mark-unlooked.ts";
import { MOVE_CHECKS } from "../sql/move-checks.ts";
import type { Statement } from "../sql/statement.ts";
import {
  TAKE_FIRST_UNKNOWN_ATTEMPTS,
  TAKE_UNKNOWN_ATTEMPTS,
  TAKE_UNREPORTED_ATTEMPTS,
} from "../sql/take-due-checks.ts";
import { inTransaction, runStatement } from "../transaction.ts";
import { firstIdAt } from "../uuid.ts";

/** An attempt that is the caller's to look at, until `takenUntil`, with what its provider can be asked by. */
export interface DueCheck {
  readonly messageId: string;
  readonly attemptNumber: number;
  readonly provider: string;
  readonly account: "live" | "lab";
  readonly outcome: AttemptOutcome | null;
  readonly reportStatus: ReportStatus | null;
  readonly providerMessageId: string | null;
  readonly startedAt: Date;
  /** When its submit was given up, or answered. */
  readonly finishedAt: Date;
  readonly takenUntil: Date;
  readonly clientId: string;
  readonly messageStatus: MessageState;
  readonly smsType: SmsType;
  readonly toNumber: string;
  readonly fromNumber: string | null;
  /** Null once erased. */
  readonly text: string | null;
  readonly expireAt: Date;
  /** Null while the message is worked on. */
  readonly finalAt: Date | null;
  /** The database's clock when it was taken. */
  readonly now: Date;
}

export interface DueCheckRequest {
  readonly provider: string;
  readonly limit: number;
  /** How long they are the caller's, in milliseconds: above the time that looking at all of them takes. */
  readonly takenForMs: number;
}

/**
 * Takes attempts of unknown outcome that are due to be looked at; two workers never take one at the same time.
 * @param request `first`: those of codes and alerts, for which no backlog of others stands in the way; else those of all
 *   other classes.
 */
export async function takeUnknownAttempts(
  db: Database,
  request: DueCheckRequest & { readonly first: boolean },
): Promise<DueCheck[]> {
  return await takeDue(db, request.first ? TAKE_FIRST_UNKNOWN_ATTEMPTS : TAKE_UNKNOWN_ATTEMPTS, request);
}

/**
 * Makes attempts of unknown outcome due that nobody will look at by themselves, at most `limit` of them: a worker of a
 * version without looks has settled them. Answers how many.
 */
export async function markUnlooked(db: Database, limit: number): Promise<number> {
  const rows = await inTransaction(db, (tx) => runStatement(tx, MARK_UNLOOKED, [limit]));
  return rows.length;
}

/** Takes attempts without a final report that are due to be asked for, in the same way. */
export async function takeUnreportedAttempts(db: Database, request: DueCheckRequest): Promise<DueCheck[]> {
  return await takeDue(db, TAKE_UNREPORTED_ATTEMPTS, request);
}

async function takeDue(
  db: Database,
  statement: Statement,
  { provider, limit, takenForMs }: DueCheckRequest,
): Promise<DueCheck[]> {
  const rows = await inTransaction(db, (tx) => runStatement<DueRow>(tx, statement, [provider, limit, takenForMs]));
  return rows.map((row) => ({
    messageId: row.message_id,
    attemptNumber: row.number,
    provider,
    account: row.account,
    outcome: row.outcome,
    reportStatus: row.report_status,
    providerMessageId: row.provider_message_id,
    startedAt: row.started_at,
    finishedAt: row.finished_at ?? row.started_at,
    takenUntil: row.taken_until,
    clientId: row.client_id,
    messageStatus: row.status,
    smsType: row.sms_type,
    toNumber: row.to_number,
    fromNumber: row.from_number,
    text: row.text,
    expireAt: row.expire_at,
    finalAt: row.final_at,
    now: row.now,
  }));
}

/** When an attempt that was taken is looked at next, in milliseconds from now; null: never. */
export interface MovedCheck extends Pick<DueCheck, "messageId" | "attemptNumber" | "takenUntil"> {
  readonly checkInMs: number | null;
}

/** Moves attempts about which nothing was decided; what was settled meanwhile, or taken by somebody else, stays as it is. */
export async function moveChecks(db: Database, checks: readonly MovedCheck[]): Promise<void> {
  if (checks.length === 0) return;
  const rows = checks.map(({ messageId, attemptNumber, takenUntil, checkInMs }) => ({
    message_id: messageId,
    number: attemptNumber,
    taken_until: takenUntil,
    check_in_ms: checkInMs,
  }));
  await inTransaction(db, (tx) => runStatement(tx, MOVE_CHECKS, [JSON.stringify(rows)]));
}

/**
 * Of messages that a provider has listed for an attempt, the ids that belong to other attempts. Ask after the provider has
 * answered: whatever it listed was submitted by an attempt that is written down by then.
 */
export async function findForeignIds(
  db: Database,
  { provider, messageId, attemptNumber }: Pick<DueCheck, "provider" | "messageId" | "attemptNumber">,
  providerMessageIds: readonly string[],
): Promise<Set<string>> {
  const values = [provider, providerMessageIds, messageId, attemptNumber];
  const rows = await runStatement<{ provider_message_id: string }>(db, FIND_FOREIGN_IDS, values);
  return new Set(rows.map((row) => row.provider_message_id));
}

/** From the acceptance of a message to its last attempt at most: scheduled for 90 days ahead, and then its own life. */
const LIFE_MAX_MS = SCHEDULE_AHEAD_MAX_MS + 10 * 24 * 3600 * 1000;
/** Ids are made by other machines' clocks. */
const CLOCKS_DIFFER_MS = 10 * 60 * 1000;

/**
 * Whether another message of the client to the same recipient may be the one that the provider has listed: an attempt of
 * the same time whose provider's id nobody knows yet. Ask after the provider has answered.
 */
export async function hasRivals(db: Database, check: DueCheck): Promise<boolean> {
  const { clientId, toNumber, messageId, provider, startedAt, finishedAt } = check;
  const oldest = firstIdAt(startedAt.getTime() - LIFE_MAX_MS);
  const newest = firstIdAt(finishedAt.getTime() + CLOCKS_DIFFER_MS);
  const values = [clientId, toNumber, messageId, provider, startedAt, finishedAt, oldest, newest];
  const [row] = await inTransaction(db, (tx) => runStatement<{ has_rivals: boolean }>(tx, HAS_RIVALS, values));
  return row?.has_rivals === true;
}

interface DueRow {
  message_id: string;
  number: number;
  account: "live" | "lab";
  outcome: AttemptOutcome | null;
  report_status: ReportStatus | null;
  provider_message_id: string | null;
  started_at: Date;
  finished_at: Date | null;
  taken_until: Date;
  now: Date;
  client_id: string;
  status: MessageState;
  sms_type: SmsType;
  to_number: string;
  from_number: string | null;
  text: string | null;
  expire_at: Date;
  final_at: Date | null;
}
