/*
 * Looks again at attempts whose outcome is unknown: no usable answer came, or the lease was over after a crash.
 *
 * due:     `check_at` is over. Left by being taken, which moves that time: no other worker asks twice.
 * taken:   the provider is asked, outside of any transaction. A worker that dies here leaves it due again.
 * decided: under the message's lock, from what is there by then: accepted, not sent, to be sent once more, or due later.
 */
import { PROVIDER_NAMES, type ProviderName, settledOutcome, unknownPolicyOf } from "@sms-gateway/contracts";
import {
  type AttemptRow,
  type DueCheck,
  type LockedMessage,
  type MessageChange,
  markUnlooked,
  takeUnknownAttempts,
} from "@sms-gateway/db";
import { changeInLayers } from "../delivery/change-in-layers.ts";
import { observeChanges } from "../delivery/observe-changes.ts";
import type { RetryContext } from "../delivery/plan-next-try.ts";
import type { PlanningContext } from "../delivery/plan-provider.ts";
import type { KnownDirectory } from "../directory/known-directory.ts";
import type { WorkerMetrics } from "../metrics.ts";
import type { RepeatedTask } from "../repeat-task.ts";
import { applyFoundStatuses } from "../reports/apply-found-status.ts";
import { askAboutReports } from "../reports/chase-reports.ts";
import { createFirstChase } from "../reports/chase-schedule.ts";
import { foldResolution, type Look } from "./fold-resolution.ts";
import { type SearchDeps, type Searched, searchProvider } from "./search-provider.ts";

/** What resolving needs. */
export interface ResolveDeps extends SearchDeps {
  readonly directory: Pick<KnownDirectory, "client">;
  readonly metrics: WorkerMetrics;
  readonly planning: () => PlanningContext;
  /** These providers have something due: a message is to be sent once more. */
  readonly wake: (providers: ReadonlySet<ProviderName>) => void;
}

/** A code waits for it; nothing is due most of the time, and the index knows. */
const EVERY_MS = 1_000;
/** Attempts taken at once, and for how long: above twice what asking for all of them takes at worst. */
const TAKE_MAX = 64;
const TAKEN_FOR_MS = 30_000;
/** Takes of one run; what is left comes with the next run. */
const ROUNDS_MAX = 20;
/** Only workers of an older version leave attempts without a look. */
const UNLOOKED_EVERY_MS = 60_000;
const UNLOOKED_MAX = 500;

/**
 * The sweeps, two per provider: a provider that does not answer holds up no other, and however many attempts of other
 * classes are due there, those of codes and alerts are looked at within a second.
 */
export function unknownSweeps(deps: ResolveDeps): RepeatedTask[] {
  const looks = PROVIDER_NAMES.flatMap((provider) => [
    {
      name: `unknown_first_${provider}`,
      everyMs: EVERY_MS,
      run: () => resolveUnknown(deps, provider, { first: true }),
    },
    {
      name: `unknown_outcomes_${provider}`,
      everyMs: EVERY_MS,
      run: () => resolveUnknown(deps, provider, { first: false }),
    },
  ]);
  return [...looks, { name: "unlooked_attempts", everyMs: UNLOOKED_EVERY_MS, run: () => findUnlooked(deps) }];
}

/** Looks at what is due at one provider: of codes and alerts (`first`), or of all other classes. */
export async function resolveUnknown(
  deps: ResolveDeps,
  provider: ProviderName,
  { first }: { readonly first: boolean },
): Promise<void> {
  const request = { provider, limit: TAKE_MAX, takenForMs: TAKEN_FOR_MS, first };
  for (let round = 0; round < ROUNDS_MAX && !deps.signal.aborted; round += 1) {
    const checks = await takeUnknownAttempts(deps.db, request);
    if (checks.length > 0) await lookAt(deps, provider, checks);
    if (checks.length < TAKE_MAX) return;
  }
}

async function findUnlooked({ db, logger }: ResolveDeps): Promise<void> {
  const count = await markUnlooked(db, UNLOOKED_MAX);
  if (count > 0)
    logger.warn({ event: "unknown.unlooked", count }, "attempts of unknown outcome had no look ahead of them");
}

async function lookAt(deps: ResolveDeps, provider: ProviderName, checks: readonly DueCheck[]): Promise<void> {
  // A report has proved some of them meanwhile: they wait for the next one.
  const isProven = ({ outcome, reportStatus }: DueCheck) => settledOutcome(outcome, reportStatus) === "accepted";
  await askAboutReports(deps, provider, checks.filter(isProven));
  const inDoubt = checks.filter((check) => !isProven(check));
  const searched = await searchProvider(deps, provider, inDoubt);
  // What was not asked because the process stops is another worker's, once it is due again.
  if (deps.signal.aborted) return;
  await applyLooks(deps, provider, searched);
  await applyFoundStatuses(
    deps,
    searched.flatMap(({ check, word }) => (word.said === "found" ? [{ check, message: word.message }] : [])),
  );
}

async function applyLooks(deps: ResolveDeps, provider: ProviderName, searched: readonly Searched[]): Promise<void> {
  const { db, metrics, planning } = deps;
  const context = { ...planning(), random: Math.random, firstChaseMs: createFirstChase(deps.accounts) };
  const decided = new Map<string, string>();
  const planned = new Set<string>();
  const happenings = searched.map((one) => {
    const look = toLook(deps, one);
    const key = `${look.messageId}:${look.attemptNumber}`;
    return {
      messageId: look.messageId,
      decide: (message: LockedMessage, attempts: readonly AttemptRow[]) => {
        const change = foldResolution(message, attempts, look, context satisfies RetryContext);
        // Set, not added to: a decision may be asked for twice.
        decided.set(key, nameResult(change));
        if (change?.dueInMs === 0 && typeof change.plannedProvider === "string") planned.add(change.plannedProvider);
        return change;
      },
    };
  });
  await changeInLayers(db, "resolve", happenings, (changes) => observeChanges(metrics, changes));
  for (const result of decided.values()) metrics.unknownOutcomes.inc({ provider, result });
  deps.wake(new Set(PROVIDER_NAMES.filter((name) => planned.has(name))));
}

function toLook({ directory }: ResolveDeps, { check, word, settleMs }: Searched): Look {
  const { messageId, attemptNumber, now: askedAt } = check;
  return { messageId, attemptNumber, word, askedAt, settleMs, policy: policyOf(directory, check) };
}

function policyOf(directory: ResolveDeps["directory"], { clientId, smsType }: DueCheck): Look["policy"] {
  return unknownPolicyOf(smsType, directory.client(clientId)?.unknown_outcomes);
}

function nameResult(change: MessageChange | null): string {
  if (change === null) return "settled";
  const outcomes = change.attempts?.map(({ outcome }) => outcome);
  if (outcomes?.includes("accepted")) return "found";
  if (outcomes?.includes("try_later")) return "not_sent";
  return change.status === "queued" ? "resent" : "waiting";
}
