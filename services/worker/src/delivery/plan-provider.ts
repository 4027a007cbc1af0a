import {
  type DirectoryProvider,
  type Lane,
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
  /**
   * Whether the provider's circuit lets this message through: always, never, or its share while it returns. May count the
   * message as one of that share: asked once per message and provider, and once more as the last resort.
   */
  readonly passesCircuit: (provider: ProviderName, visit: CircuitVisit) => boolean;
}

/** What a circuit that returns step by step needs to know of a message. */
export interface CircuitVisit {
  readonly simulated: boolean;
  /** Not among the first calls that find out whether the provider works, while another provider suits. */
  readonly isSpared: boolean;
  /** No other provider suits. */
  readonly isLastResort: boolean;
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
  /**
   * What it is to a provider that returns step by step: spared while another one suits (the high lane, whose reader waits), or
   * nothing at all (sent later, when its call tells nothing about now). One of its first calls, when not given.
   */
  readonly probing?: "spared" | "never";
}

/** What a message is to a provider that returns step by step. */
export function probingOf(lane: Lane, { isLater }: { readonly isLater: boolean }): Pick<PlanRequest, "probing"> {
  if (isLater) return { probing: "never" };
  return lane === "high" ? { probing: "spared" } : {};
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
  const candidates = listCandidates(request, context).map((candidate) => ({
    name: candidate.name,
    verdict: judge(candidate, request),
  }));
  const isSpared = request.probing !== undefined;
  const find = (isLastResort: boolean): ProviderName | null => {
    const visit = { simulated: request.simulated, isSpared, isLastResort };
    const passing = candidates.find(({ name, verdict }) => verdict === undefined && context.passesCircuit(name, visit));
    return passing?.name ?? null;
  };
  const chosen = find(false) ?? (request.probing === "never" ? null : find(true));
  let isAfter = false;
  const considered = candidates.map(({ name, verdict }) => {
    isAfter ||= name === chosen;
    if (name === chosen) return [name, "chosen"] as const;
    return [name, verdict ?? (isAfter ? "next" : "circuit_open")] as const;
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
