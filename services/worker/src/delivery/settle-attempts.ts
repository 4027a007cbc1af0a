import { PROVIDER_NAMES, type ProviderName } from "@sms-gateway/contracts";
import { type AttemptRow, type Database, DatabaseUnavailableError, type LockedMessage } from "@sms-gateway/db";
import type { Logger } from "@sms-gateway/runtime";
import type { ProviderAccounts } from "../accounts/provider-accounts.ts";
import type { WorkerMetrics } from "../metrics.ts";
import { createOutageLog } from "../outage-log.ts";
import { createFirstChase } from "../reports/chase-schedule.ts";
import { changeInLayers } from "./change-in-layers.ts";
import type { AttemptResult } from "./delivery-facts.ts";
import { foldSubmitResult } from "./fold-submit-result.ts";
import { createGroupWriter, type GroupWriter } from "./group-writer.ts";
import { observeChanges } from "./observe-changes.ts";
import type { PlanningContext } from "./plan-provider.ts";

/** What settling needs. */
export interface SettleDeps {
  readonly db: Database;
  /** The state of the providers at this moment. */
  readonly planning: () => PlanningContext;
  readonly accounts: ProviderAccounts;
  readonly metrics: WorkerMetrics;
  readonly logger: Logger;
  /** These providers have something due: a message was handed on to them. */
  readonly wake: (providers: ReadonlySet<ProviderName>) => void;
}

/** Results in one group; the database takes groups of this size in a few milliseconds. */
const GROUP_MAX = 500;

/** Makes the writer through which every result of a submit reaches the database. */
export function createAttemptSettler(deps: SettleDeps): GroupWriter<AttemptResult> {
  const { metrics, logger } = deps;
  const outages = createOutageLog("settle", deps);
  return createGroupWriter<AttemptResult>({
    groupMax: GROUP_MAX,
    write: async (group) => {
      await settleAttempts(deps, group);
      outages.worked();
    },
    isAway: (error) => error instanceof DatabaseUnavailableError,
    onFailed: ({ error, givenUp }) => {
      if (!givenUp) return outages.failed(error);
      metrics.failures.inc({ part: "settle_given_up" });
      logger.error(
        { event: "delivery.result_given_up", err: error },
        "a result is lost; its attempt ends by its lease",
      );
    },
  });
}

async function settleAttempts(deps: SettleDeps, results: readonly AttemptResult[]): Promise<void> {
  const { db, metrics, planning } = deps;
  const firstChaseMs = createFirstChase(deps.accounts);
  const context = { ...planning(), random: Math.random, firstChaseMs };
  const planned = new Set<string>();
  const scheduled = new Map<string, Date>();
  const happenings = results.map((result) => ({
    messageId: result.messageId,
    decide: (message: LockedMessage, attempts: readonly AttemptRow[]) => {
      const change = foldSubmitResult(message, attempts, result, context);
      const { id, scheduleAt, acceptedAt } = message;
      if (scheduleAt !== null && scheduleAt > acceptedAt) scheduled.set(id, scheduleAt);
      if (change?.dueInMs === 0 && typeof change.plannedProvider === "string") planned.add(change.plannedProvider);
      return change;
    },
  }));
  metrics.settleBatch.observe(results.length);
  await changeInLayers(db, "submit", happenings, (changes) => observeChanges(metrics, changes, scheduled));
  deps.wake(new Set(PROVIDER_NAMES.filter((name) => planned.has(name))));
}
