/*
 * Asks for reports that have not come: attempts that a provider took and of which it has told nothing final.
 *
 * due:    `check_at` is over. Left by being taken, which moves that time, so that nobody asks twice.
 * taken:  the provider is asked by its own id of the message. What it says is applied exactly as a report.
 * closed: the last look is over; the event `report_missing` says so, and nobody asks again. A late report still applies.
 *
 * What is due beyond the quota of questions is put off until its turn: one after the other, as fast as the quota allows, so
 * that after an outage in which thousands of reports were lost all of them are asked for, however long it takes. Moving and
 * closing need no provider, only the database, and take up to 10 000 attempts in a run.
 */
import { PROVIDER_NAMES, type ProviderName, settledOutcome } from "@sms-gateway/contracts";
import { changeMessages, type DueCheck, moveChecks, takeUnreportedAttempts } from "@sms-gateway/db";
import type { ReadResult } from "@sms-gateway/providers";
import type { ProviderAccounts } from "../accounts/provider-accounts.ts";
import { askSideBySide } from "../ask-side-by-side.ts";
import type { RepeatedTask } from "../repeat-task.ts";
import { applyFoundStatuses, type FoundStatus } from "./apply-found-status.ts";
import type { ApplyReportsDeps } from "./apply-reports.ts";
import { CHASE_MS, nextChaseMs } from "./chase-schedule.ts";
import { foldMissingReport } from "./fold-missing-report.ts";
import { isThrottled, type QuestionQuota } from "./question-quota.ts";

/** What asking for reports needs. */
export interface ChaseDeps extends ApplyReportsDeps {
  readonly accounts: ProviderAccounts;
  readonly questions: QuestionQuota;
  /** Ends what is under way early. */
  readonly signal: AbortSignal;
}

const EVERY_MS = 2_000;
/** Attempts of one statement; small enough to hold no lock for long. */
const TAKE_MAX = 500;
/** Statements of one run, as of the other sweeps: what is left comes with the next run. */
const ROUNDS_MAX = 20;
const ASK_TIMEOUT_MS = 5_000;
/** Above the longest run: its statements, then five rounds of questions, five seconds each. */
const TAKEN_FOR_MS = 60_000;

/** The sweeps, one per provider. */
export function chaseSweeps(deps: ChaseDeps): RepeatedTask[] {
  return PROVIDER_NAMES.map((provider) => ({
    name: `report_chase_${provider}`,
    everyMs: EVERY_MS,
    run: () => chaseReports(deps, provider),
  }));
}

/** Looks at what is due at one provider: moves on or closes all of it, and asks for as many reports as the quota allows. */
export async function chaseReports(deps: ChaseDeps, provider: ProviderName): Promise<void> {
  const request = { provider, limit: TAKE_MAX, takenForMs: TAKEN_FOR_MS };
  const asked: DueCheck[] = [];
  for (let round = 0; round < ROUNDS_MAX && !deps.signal.aborted; round += 1) {
    const checks = await takeUnreportedAttempts(deps.db, request);
    asked.push(...(await moveUnasked(deps, provider, checks)));
    if (checks.length < TAKE_MAX) break;
  }
  await askThenMove(deps, provider, asked);
}

/** The same for attempts that were taken already. */
export async function askAboutReports(
  deps: ChaseDeps,
  provider: ProviderName,
  checks: readonly DueCheck[],
): Promise<void> {
  await askThenMove(deps, provider, await moveUnasked(deps, provider, checks));
}

/** Chooses those that the provider is asked about, and moves on all others. */
async function moveUnasked(deps: ChaseDeps, provider: ProviderName, checks: readonly DueCheck[]): Promise<DueCheck[]> {
  const askable = checks.filter(
    (check) => isWaitedFor(check) && check.providerMessageId !== null && isAskable(deps, provider, check),
  );
  const asked = askable.slice(0, deps.questions.take(provider, askable.length));
  // Whose time is over is closed, asked or not.
  const putOff = askable.slice(asked.length).filter((check) => ageOf(check) < CHASE_MS);
  await putOffChecks(deps, provider, putOff);
  const left = new Set([...asked, ...putOff]);
  await moveOn(
    deps,
    provider,
    checks.filter((check) => !left.has(check)),
  );
  return asked;
}

async function putOffChecks(deps: ChaseDeps, provider: ProviderName, checks: readonly DueCheck[]): Promise<void> {
  if (checks.length === 0) return;
  deps.metrics.reportChases.inc({ provider, result: "put_off" }, checks.length);
  const moved = checks.map((check) => {
    const leftMs = CHASE_MS - ageOf(check);
    return { ...check, checkInMs: Math.min(deps.questions.putOff(provider), leftMs) };
  });
  await moveChecks(deps.db, moved);
}

async function askThenMove(deps: ChaseDeps, provider: ProviderName, asked: readonly DueCheck[]): Promise<void> {
  if (asked.length === 0) return;
  const refused = new Set(await askForReports(deps, provider, asked));
  if (deps.signal.aborted) return;
  await putOffChecks(deps, provider, [...refused]);
  await moveOn(
    deps,
    provider,
    asked.filter((check) => !refused.has(check)),
  );
}

/** The message is still open as sent, and its attempt without a final report. */
function isWaitedFor({ outcome, reportStatus, messageStatus, finalAt }: DueCheck): boolean {
  return messageStatus === "sent" && finalAt === null && settledOutcome(outcome, reportStatus) === "accepted";
}

/** Asks, and applies what is found. Answers those that the provider would not be asked about for the rate of questions. */
async function askForReports(deps: ChaseDeps, provider: ProviderName, asked: readonly DueCheck[]): Promise<DueCheck[]> {
  const { metrics, questions } = deps;
  const answers = await askSideBySide(asked, questions.sideBySide, (check) => ask(deps, provider, check));
  const refused: DueCheck[] = [];
  const found: FoundStatus[] = [];
  for (const [place, check] of asked.entries()) {
    const answer = answers[place];
    if (answer === undefined || (answer.result === "unavailable" && isThrottled(answer.error))) {
      refused.push(check);
      continue;
    }
    metrics.reportChases.inc({ provider, result: "asked" });
    metrics.reportChases.inc({ provider, result: answer.result });
    if (answer.result === "found") found.push({ check, message: answer.message });
  }
  await applyFoundStatuses(deps, found);
  return refused;
}

/** Undefined when the provider has refused a question before this one for its rate: then it is not asked. */
async function ask(
  { accounts, logger, signal, questions }: ChaseDeps,
  provider: ProviderName,
  check: DueCheck,
): Promise<ReadResult | undefined> {
  const { messageId, attemptNumber: attempt, providerMessageId } = check;
  const account = accounts.find(provider, check.account);
  if (questions.isBackedOff(provider)) return undefined;
  const unavailable: ReadResult = {
    result: "unavailable",
    error: { code: "ADAPTER_FAILED", reason: "Our own fault while the provider was asked." },
  };
  try {
    const options = { timeoutMs: ASK_TIMEOUT_MS, signal };
    const answer = (await account?.readMessage?.(providerMessageId ?? "", options)) ?? unavailable;
    if (answer.result === "unavailable" && isThrottled(answer.error)) questions.backOff(provider);
    logger.info({
      event: "report.asked",
      message_id: messageId,
      attempt,
      provider,
      provider_message_id: providerMessageId,
      result: answer.result,
    });
    return answer;
  } catch (err) {
    logger.error({ event: "report.adapter_failed", message_id: messageId, provider, err });
    return unavailable;
  }
}

/** What was settled meanwhile keeps the time that it was given; the rest is due at its next look, or closed. */
async function moveOn(deps: ChaseDeps, provider: ProviderName, checks: readonly DueCheck[]): Promise<void> {
  if (checks.length === 0) return;
  const moved = checks.map((check) => {
    const nextMs = isWaitedFor(check) ? nextChaseMs(ageOf(check), isAskable(deps, provider, check)) : null;
    return { check, nextMs };
  });
  await moveChecks(
    deps.db,
    moved.flatMap(({ check, nextMs }) => (nextMs === undefined ? [] : [{ ...check, checkInMs: nextMs }])),
  );
  const over = new Map(moved.flatMap(({ check, nextMs }) => (nextMs === undefined ? [[check.messageId, check]] : [])));
  if (over.size === 0) return;
  const missing = new Set<string>();
  await changeMessages(deps.db, [...over.keys()], "report", (message, attempts) => {
    const change = foldMissingReport(message, attempts, over.get(message.id)?.attemptNumber ?? 0);
    if (change?.reportMissing === true) missing.add(message.id);
    return change;
  });
  if (missing.size > 0) deps.metrics.reportChases.inc({ provider, result: "missing" }, missing.size);
}

/** Since the provider took it, in ms. */
function ageOf({ now, finishedAt }: DueCheck): number {
  return now.getTime() - finishedAt.getTime();
}

function isAskable({ accounts }: ChaseDeps, provider: ProviderName, check: DueCheck): boolean {
  return accounts.find(provider, check.account)?.capabilities.readMessage === true;
}
