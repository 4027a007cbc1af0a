import {
  type DirectoryProvider,
  isOperational,
  type MessageType,
  PROVIDER_NAMES,
  type ProviderName,
} from "@sms-gateway/contracts";

/** What a plan depends on. */
export interface PlanRequest {
  /** Providers the request named, in order; empty means smart selection. */
  readonly requested: readonly string[];
  readonly simulated: boolean;
  readonly messageType: MessageType;
  readonly sender: string | null;
  /** Every provider, as the directory knows it. */
  readonly providers: readonly DirectoryProvider[];
  /** Asked first among those of equal priority. */
  readonly defaultProvider: ProviderName | undefined;
  /** Already asked in this round. */
  readonly tried: ReadonlySet<string>;
  /** Have refused this message for good (credentials, sender, region): never asked again. */
  readonly ruledOut: ReadonlySet<string>;
}

/**
 * The provider to ask next, or `null` when nobody suitable is left in this round. Named providers are asked in the given
 * order; smart selection goes by priority (1 first), the default provider first among equals, then in the
 * order of PROVIDER_NAMES. Providers
 * that are disabled, paused, without an account, or cannot carry this kind of message are passed over.
 */
export function planProvider(request: PlanRequest): ProviderName | null {
  return listSuitable(request).find((name) => !request.tried.has(name)) ?? null;
}

/**
 * Whom a message waits for while nobody suitable is operational: the first named provider that has not refused it, or
 * for smart selection the first of all. `null`: every one of them has refused it for good.
 */
export function planWaitingProvider(request: Omit<PlanRequest, "tried">): ProviderName | null {
  return listCandidates(request).find((name) => !request.ruledOut.has(name)) ?? null;
}

function listSuitable(request: PlanRequest): ProviderName[] {
  const suitable = new Set(
    request.providers
      .filter((provider) => isOperational(provider, request.simulated) && canCarry(provider, request))
      .map(({ name }) => name),
  );
  return listCandidates(request).filter((name) => suitable.has(name) && !request.ruledOut.has(name));
}

function canCarry({ capabilities }: DirectoryProvider, request: PlanRequest): boolean {
  const alphanumeric = request.sender !== null && /[A-Za-z]/.test(request.sender);
  return (
    capabilities.message_types.includes(request.messageType) && (!alphanumeric || capabilities.alphanumeric_senders)
  );
}

/** Everybody who may be asked at all, in order. */
function listCandidates(request: Pick<PlanRequest, "requested" | "providers" | "defaultProvider">): ProviderName[] {
  if (request.requested.length === 0) return rankProviders(request);
  return request.requested.flatMap((name) => request.providers.find((one) => one.name === name)?.name ?? []);
}

function rankProviders(request: Pick<PlanRequest, "providers" | "defaultProvider">): ProviderName[] {
  const isDefault = (name: ProviderName): number => (name === request.defaultProvider ? 0 : 1);
  return request.providers
    .toSorted(
      (a, b) =>
        a.priority - b.priority ||
        isDefault(a.name) - isDefault(b.name) ||
        PROVIDER_NAMES.indexOf(a.name) - PROVIDER_NAMES.indexOf(b.name),
    )
    .map(({ name }) => name);
}
