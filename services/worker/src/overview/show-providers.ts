import { ApiError, type ProviderChangeList, type ProviderStateList } from "@sms-gateway/contracts";
import {
  type Database,
  listProviderChanges,
  listProviderStates,
  type ProviderChangeRecord,
  type ProviderState,
} from "@sms-gateway/db";

/** All providers, in the order in which they are asked. */
export async function showProviders(db: Database): Promise<ProviderStateList> {
  return { items: (await listProviderStates(db)).map(formatState) };
}

/** What has changed about a provider and why, the latest first. @throws ApiError NOT_FOUND when there is no such provider. */
export async function showProviderChanges(db: Database, name: string, limit: number): Promise<ProviderChangeList> {
  const changes = await listProviderChanges(db, name, limit);
  if (changes.length === 0 && !(await listProviderStates(db)).some((provider) => provider.name === name)) {
    throw new ApiError("NOT_FOUND", { message: "There is no provider with this name." });
  }
  return { items: changes.map(formatChange), limit };
}

function formatState(provider: ProviderState): ProviderStateList["items"][number] {
  const { name, enabled, paused, priority, circuit } = provider;
  return {
    name,
    enabled,
    paused,
    paused_reason: provider.pausedReason,
    priority,
    max_in_flight: provider.maxInFlight,
    messages_per_second: provider.messagesPerSecond,
    open_attempts: provider.openAttempts,
    queued_due: provider.queuedDue,
    circuit: {
      state: circuit.state,
      since: circuit.since.toISOString(),
      reason: circuit.reason,
      step: circuit.step,
      opens_again_at: circuit.opensAgainAt?.toISOString() ?? null,
    },
    held_until: provider.heldUntil?.toISOString() ?? null,
    accounts: [...provider.accounts],
  };
}

function formatChange({ at, from, to, reason, detail }: ProviderChangeRecord): ProviderChangeList["items"][number] {
  return { at: at.toISOString(), from, to, reason, detail };
}
