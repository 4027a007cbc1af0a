import {
  type DirectoryProvider,
  type MessageType,
  type PlannedTrace,
  PROVIDER_NAMES,
  type ProviderName,
  type TraceStep,
  type TraceVerdict,
} from "@sms-gateway/contracts";

/** What a plan depends on beside the message. */
export interface PlanningContext {
  /** Every provider, as the directory knows it. */
  readonly providers: readonly DirectoryProvider[];
  /** Asked first among those of equal priority. */
  readonly defaultProvider: ProviderName | undefined;
  /** Whether the provider's circuit lets this message through: always, never, or its share while it returns. */
  readonly passesCircuit: (provider: ProviderName) => boolean;
}

/** What a plan depends on of the message. */
export interface PlanRequest {
  /** Providers the request named, in order; empty means smart selection. */
  readonly requested: readonly string[];
  readonly simulated: boolean;
  readonly messageType: MessageType;
  readonly sender: string | null;
  /** Already asked in this round. */
  readonly tried: ReadonlySet<string>;
  /** Have refused this message for good (credentials, sender, region): never asked again. */
  readonly ruledOut: ReadonlySet<string>;
}

/** Whom to ask, and how everybody else was judged. */
export interface ProviderPlan {
  readonly provider: ProviderName | null;
  /** Everybody who was considered, in the order in which they would be asked. */
  readonly considered: readonly (readonly [provider: ProviderName, verdict: TraceVerdict])[];
}

/**
 * The provider to ask next, or `null` when nobody suitable is left in this round. Named providers are asked in the given
 * order; smart selection goes by priority (1 first), the default provider first among equals, then in the order of
 * PROVIDER_NAMES. Providers that are disabled, paused, without an account, behind an open circuit, or cannot carry this
 * kind of message are passed over.
 */
export function planProvider(request: PlanRequest, context: PlanningContext): ProviderPlan {
  let chosen: ProviderName | null = null;
  const considered = listCandidates(request, context).map((candidate) => {
    const verdict = judge(candidate, request) ?? (chosen === null ? judgeCircuit(candidate, context) : "next");
    if (verdict === "chosen") chosen = candidate.name;
    return [candidate.name, verdict] as const;
  });
  return { provider: chosen, considered };
}

/**
 * Whom a message waits for while `planProvider` finds nobody: the first that has not refused it and lacks nothing but its
 * circuit, else the first that has not refused it. `null`: every one of them has refused it for good.
 */
export function planWaitingProvider(request: Omit<PlanRequest, "tried">, context: PlanningContext): ProviderPlan {
  const candidates = listCandidates(request, context);
  const judged = candidates.map((candidate) => ({
    name: candidate.name,
    verdict: judge(candidate, { ...request, tried: new Set() }),
  }));
  const chosen =
    judged.find(({ verdict }) => verdict === undefined) ?? judged.find(({ name }) => !request.ruledOut.has(name));
  return {
    provider: chosen?.name ?? null,
    considered: judged.map((one) => [one.name, one === chosen ? "waits" : (one.verdict ?? "next")] as const),
  };
}

/** The plan as it is kept with the message. */
export function tracePlan(step: TraceStep, plan: ProviderPlan): PlannedTrace {
  return { step, provider: plan.provider, considered: plan.considered };
}

/** Why a provider is passed over; `undefined` when nothing but its circuit may be in the way. */
function judge(candidate: DirectoryProvider, request: PlanRequest): TraceVerdict | undefined {
  const { name, capabilities, accounts } = candidate;
  if (request.ruledOut.has(name)) return "refused";
  if (request.tried.has(name)) return "tried";
  if (!candidate.enabled) return "disabled";
  if (candidate.paused) return "paused";
  if (!(request.simulated ? accounts.lab : accounts.live)) return "no_account";
  if (!capabilities.message_types.includes(request.messageType)) return "message_type";
  const isAlphanumeric = request.sender !== null && /[A-Za-z]/.test(request.sender);
  return isAlphanumeric && !capabilities.alphanumeric_senders ? "sender" : undefined;
}

function judgeCircuit({ name }: DirectoryProvider, { passesCircuit }: PlanningContext): TraceVerdict {
  return passesCircuit(name) ? "chosen" : "circuit_open";
}

/** Everybody who may be asked at all, in order. */
function listCandidates(
  { requested }: Pick<PlanRequest, "requested">,
  { providers, defaultProvider }: Pick<PlanningContext, "providers" | "defaultProvider">,
): DirectoryProvider[] {
  if (requested.length > 0) return requested.flatMap((name) => providers.find((one) => one.name === name) ?? []);
  const isDefault = (name: ProviderName): number => (name === defaultProvider ? 0 : 1);
  return providers.toSorted(
    (a, b) =>
      a.priority - b.priority ||
      isDefault(a.name) - isDefault(b.name) ||
      PROVIDER_NAMES.indexOf(a.name) - PROVIDER_NAMES.indexOf(b.name),
  );
}
