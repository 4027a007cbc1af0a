import type { SubmitMessage, SubmitResult } from "@sms-gateway/providers";
import { type Logger, maskPhoneNumber } from "@sms-gateway/runtime";
import type { ProviderAccounts } from "../accounts/provider-accounts.ts";
import type { WorkerMetrics } from "../metrics.ts";
import type { CallbackAddresses } from "./callback-address.ts";
import type { ClaimedAttempt } from "./claim-messages.ts";
import type { AttemptResult } from "./delivery-facts.ts";

/** What submitting needs. */
export interface SubmitDeps {
  readonly accounts: ProviderAccounts;
  readonly addresses: CallbackAddresses;
  readonly metrics: WorkerMetrics;
  readonly logger: Logger;
  readonly submitTimeoutMs: number;
  /** Ends calls early when the process must go; what has left by then is of unknown outcome. */
  readonly signal: AbortSignal;
}

/**
 * Time that a lease has beyond the submit timeout, in ms (architecture.md 5.5): for the claim's own answer, for waiting
 * in this process, and for the answer to reach the database.
 */
export const LEASE_MARGIN_MS = 20_000;
/** Of that margin, what must be left when the call begins, in ms, so that its answer can still be written in time. */
const SETTLE_MARGIN_MS = 5_000;

/** Codes of attempts that ended without a call: they tell nothing of the provider. */
export const NOT_CALLED_CODES: ReadonlySet<string> = new Set<NotCalledCode>(["NO_ACCOUNT", "EXPIRED", "LEASE_OVER"]);
type NotCalledCode = "NO_ACCOUNT" | "EXPIRED" | "LEASE_OVER";

/**
 * Calls the provider for one attempt, or tells why it did not. Never rejects: whatever goes wrong is an outcome, and an
 * adapter that throws counts as unknown, since bytes may have left.
 */
export async function submitMessage(deps: SubmitDeps, attempt: ClaimedAttempt): Promise<AttemptResult> {
  const { metrics } = deps;
  const { provider, message } = attempt;
  const startedAt = performance.now();
  metrics.openAttempts.inc({ provider });
  const result = await callProvider(deps, attempt);
  metrics.openAttempts.dec({ provider });
  const durationMs = performance.now() - startedAt;
  metrics.attempts.inc({ provider, outcome: result.outcome });
  metrics.attemptSeconds.observe({ provider }, durationMs / 1000);
  logAttempt(deps.logger, attempt, result, durationMs);
  return { messageId: message.id, attemptNumber: message.attemptNumber, provider, result };
}

async function callProvider(deps: SubmitDeps, attempt: ClaimedAttempt): Promise<SubmitResult> {
  const { provider, message, lifeEndsAtMs, leaseEndsAtMs } = attempt;
  const account = deps.accounts.find(provider, message.account);
  if (account === undefined)
    return notSent("NO_ACCOUNT", `This worker has no ${message.account} account of ${provider}.`);
  const nowMs = performance.now();
  const remainingMs = lifeEndsAtMs - nowMs;
  if (remainingMs <= 0) return notSent("EXPIRED", "The message's life ended before the provider was called.");
  // Beyond this point another worker may take the attempt for lost; the monotonic clock knows of no time changes.
  if (nowMs + deps.submitTimeoutMs + SETTLE_MARGIN_MS > leaseEndsAtMs) {
    return notSent("LEASE_OVER", "The attempt waited too long in this worker; the provider was not called.");
  }
  try {
    const submit = toSubmitMessage(deps.addresses, attempt, remainingMs);
    return await account.submit(submit, { timeoutMs: deps.submitTimeoutMs, signal: deps.signal });
  } catch (err) {
    deps.metrics.failures.inc({ part: "adapter" });
    deps.logger.error({ event: "delivery.adapter_failed", message_id: message.id, provider, err });
    return {
      outcome: "unknown",
      error: { code: "ADAPTER_FAILED", reason: "Our own fault while the provider was called." },
    };
  }
}

/** Certain: no byte has left. */
function notSent(code: NotCalledCode, reason: string): SubmitResult {
  return { outcome: "try_later", cause: "unavailable", error: { code, reason } };
}

function toSubmitMessage(
  addresses: CallbackAddresses,
  { message, provider }: ClaimedAttempt,
  remainingMs: number,
): SubmitMessage {
  const { id: messageId, attemptNumber, account } = message;
  return {
    messageId,
    attemptNumber,
    to: message.toNumber,
    from: message.fromNumber,
    // Texts are erased only from messages that are final.
    text: message.text ?? "",
    messageType: message.messageType,
    udh: message.udh,
    encoding: message.encoding,
    segments: message.segments,
    validitySeconds: Math.max(1, Math.floor(remainingMs / 1000)),
    callbackUrl: addresses.make({ provider, account, messageId, attemptNumber }),
  };
}

function logAttempt(logger: Logger, attempt: ClaimedAttempt, result: SubmitResult, durationMs: number): void {
  const { message, provider } = attempt;
  logger.info({
    event: "delivery.attempted",
    message_id: message.id,
    client_id: message.clientId,
    request_id: message.request?.id ?? null,
    attempt: message.attemptNumber,
    provider,
    account: message.account,
    to: maskPhoneNumber(message.toNumber),
    outcome: result.outcome,
    ...(result.outcome === "accepted"
      ? { provider_message_id: result.providerMessageId }
      : { provider_code: result.error.code, reason: maskNumbersIn(result.error.reason) }),
    duration_ms: Math.round(durationMs * 10) / 10,
  });
}

/** Providers like to repeat the number in their sentence about it. */
function maskNumbersIn(sentence: string): string {
  return sentence.replace(/\+?\d{7,15}/g, maskPhoneNumber);
}
