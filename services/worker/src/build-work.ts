import { setTimeout as delay } from "node:timers/promises";
import type { Consumption, DirectoryPublisher, MessageQueue } from "@sms-gateway/contracts";
import { type Database, DatabaseUnavailableError, dropOldProviderCalls, dropOldProviderChanges } from "@sms-gateway/db";
import type { Logger } from "@sms-gateway/runtime";
import { accountingSweeps } from "./accounting/accounting-sweeps.ts";
import type { ProviderAccounts } from "./accounts/provider-accounts.ts";
import { type Circuits, createCircuits } from "./circuit/follow-circuits.ts";
import type { WorkerRole, WorkerSettings } from "./config.ts";
import { consumeReports } from "./consumers/apply-reports.ts";
import { consumeDeadLetters } from "./consumers/keep-dead-letters.ts";
import { consumeAccepted } from "./consumers/record-accepted.ts";
import { createProblemReport } from "./consumers/report-problem.ts";
import { deadLetterTasks } from "./dead-letters/dead-letter-tasks.ts";
import type { CallbackAddresses } from "./delivery/callback-address.ts";
import { createDispatcher, type Dispatcher } from "./delivery/dispatcher.ts";
import type { PlanningContext } from "./delivery/plan-provider.ts";
import { createReplanner } from "./delivery/replan-stranded.ts";
import {
  dispatchSweeps,
  type ExpiringRows,
  expirySweeps,
  parkedReportSweep,
  queueDepthTask,
  upkeepSweeps,
} from "./delivery/sweeps.ts";
import type { KnownDirectory } from "./directory/known-directory.ts";
import { createPublishDirectory } from "./directory/publish-directory.ts";
import type { WorkerMetrics } from "./metrics.ts";
import { type RepeatedTask, type RunningTask, repeatTask } from "./repeat-task.ts";
import { chaseSweeps } from "./reports/chase-reports.ts";
import { applyParkedReports } from "./reports/match-reports.ts";
import { createQuestionQuota, type QuestionQuota } from "./reports/question-quota.ts";
import { unknownSweeps } from "./unknown/resolve-unknown.ts";

/** What the working parts are built from. */
export interface WorkDeps {
  readonly settings: WorkerSettings;
  readonly logger: Logger;
  readonly metrics: WorkerMetrics;
  readonly db: Database;
  readonly queue: MessageQueue;
  readonly publisher: DirectoryPublisher;
  readonly accounts: ProviderAccounts;
  readonly addresses: CallbackAddresses;
  readonly directory: KnownDirectory;
  readonly roles: ReadonlySet<WorkerRole>;
  readonly expiring?: readonly ExpiringRows[];
  /** Ends waiting for the first directory. */
  readonly signal: AbortSignal;
}

/** What they share once they run. */
interface RunningDeps extends WorkDeps {
  readonly planning: () => PlanningContext;
  readonly circuits: Circuits;
  readonly questions: QuestionQuota;
}

/** The working parts of a worker, running. */
export interface Work {
  /** Takes nothing more, waits for what is under way: the submit timeout and four seconds at most. */
  stop(): Promise<void>;
}

/** Beyond the submit timeout, for results to be written and batches to be acknowledged, in ms. */
const DRAIN_MARGIN_MS = 3_000;
/** Gateways compare versions every second (architecture.md 5.9); a change has to reach them within two. */
const DIRECTORY_EVERY_MS = 500;
const LOST_CLAIMS_EVERY_MS = 1_000;
const PARKED_EVERY_MS = 5_000;
/** Every worker learns within a second of what another has decided. */
const CIRCUITS_EVERY_MS = 1_000;
/** Looks whether there is a reason to; traffic leaves a provider at once. */
const REPLAN_EVERY_MS = 250;
const PROVIDER_CHANGES_KEPT_MS = 90 * 24 * 3600 * 1000;
/** Far above the time for which counts mean anything. */
const PROVIDER_CALLS_KEPT_MS = 24 * 3600 * 1000;

/** Starts consumers, dispatcher and sweeps of the worker's roles. `undefined` when it was stopped before. */
export async function buildWork(workDeps: WorkDeps): Promise<Work | undefined> {
  const { settings, logger, metrics, roles, directory } = workDeps;
  if (!(await loadDirectory(workDeps))) return undefined;
  const circuits = createCircuits(workDeps);
  const deps: RunningDeps = {
    ...workDeps,
    circuits,
    questions: createQuestionQuota(settings.REPORT_QUESTIONS_PER_SECOND),
    planning: () => ({
      providers: directory.providers(),
      defaultProvider: settings.DEFAULT_PROVIDER,
      passesCircuit: circuits.passes,
    }),
  };
  const dispatcher = roles.has("dispatch") ? buildDispatcher(deps) : undefined;
  const tasks = listTasks(deps, dispatcher).map((task) => repeatTask(task, { logger, metrics }));
  const consumptions = await startConsumers(deps, dispatcher);
  return {
    async stop() {
      const drainMs = settings.SUBMIT_TIMEOUT_MS + DRAIN_MARGIN_MS;
      const [isWritten, areEnded] = await Promise.all([
        dispatcher?.stop(drainMs) ?? true,
        Promise.all(tasks.map((task: RunningTask) => task.stop(drainMs))),
        ...consumptions.map((consumption) => consumption.stop(drainMs)),
      ]);
      if (areEnded.includes(false)) logger.warn({ event: "task.not_ended" }, "a task runs longer than the stop waits");
      if (!isWritten) {
        logger.error(
          { event: "dispatch.not_drained" },
          "results are not in the database; leases will end their attempts",
        );
      }
    },
  };
}

/** Nothing may be planned before the providers are known. */
async function loadDirectory({ directory, logger, signal }: WorkDeps): Promise<boolean> {
  while (!signal.aborted) {
    try {
      await directory.refresh();
      return true;
    } catch (err) {
      if (!(err instanceof DatabaseUnavailableError)) throw err;
      logger.warn({ event: "directory.waiting", err });
      await delay(DIRECTORY_EVERY_MS);
    }
  }
  return false;
}

function buildDispatcher(deps: RunningDeps): Dispatcher {
  const { settings } = deps;
  return createDispatcher({
    ...deps,
    submitTimeoutMs: settings.SUBMIT_TIMEOUT_MS,
    maxInFlight: settings.PROVIDER_MAX_IN_FLIGHT,
  });
}

function listTasks(deps: RunningDeps, dispatcher: Dispatcher | undefined): RepeatedTask[] {
  const { db, circuits, metrics, queue, roles, settings } = deps;
  const tasks = [
    { name: "directory", everyMs: DIRECTORY_EVERY_MS, run: createPublishDirectory(deps) },
    { name: "circuits", everyMs: CIRCUITS_EVERY_MS, run: circuits.follow },
    queueDepthTask(queue, metrics),
    ...upkeepSweeps(deps),
    ...expirySweeps([
      { name: "provider_changes", drop: (limit) => dropOldProviderChanges(db, PROVIDER_CHANGES_KEPT_MS, limit) },
      { name: "provider_calls", drop: (limit) => dropOldProviderCalls(db, PROVIDER_CALLS_KEPT_MS, limit) },
      ...(deps.expiring ?? []),
    ]),
  ];
  if (dispatcher !== undefined) {
    const { wake, giveBackLost } = dispatcher;
    const replanner = createReplanner({ ...deps, isAway: circuits.isAway, wake });
    circuits.onChange(replanner.hurry);
    tasks.push(
      { name: "lost_claims", everyMs: LOST_CLAIMS_EVERY_MS, run: giveBackLost },
      ...dispatchSweeps(deps),
      ...accountingSweeps({ ...deps, lostAfterMs: settings.ACCOUNTING_LOST_AFTER_S * 1000 }),
      ...unknownSweeps({ ...deps, wake }),
      ...deadLetterTasks(deps),
      {
        name: "replan",
        everyMs: REPLAN_EVERY_MS,
        run: replanner.replanWhenDue,
      },
    );
  }
  if (roles.has("callbacks")) {
    const applyParked = () => applyParkedReports(deps);
    tasks.push({ name: "parked_reports", everyMs: PARKED_EVERY_MS, run: applyParked }, parkedReportSweep(deps));
    tasks.push(...chaseSweeps(deps));
  }
  return tasks;
}

async function startConsumers(deps: RunningDeps, dispatcher: Dispatcher | undefined): Promise<Consumption[]> {
  const { settings, logger, metrics } = deps;
  const onProblem = createProblemReport(logger, metrics);
  const consumptions: Consumption[] = [];
  if (dispatcher !== undefined) {
    const { RECORD_BATCH_MAX: batchMax } = settings;
    const { wake } = dispatcher;
    consumptions.push(...(await consumeAccepted({ ...deps, batchMax, onProblem, wake })));
    consumptions.push(await consumeDeadLetters({ ...deps, onProblem }));
  }
  if (deps.roles.has("callbacks")) consumptions.push(await consumeReports({ ...deps, onProblem }));
  return consumptions;
}
