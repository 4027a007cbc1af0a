import {
  ApiError,
  findProviderName,
  type ProviderName,
  type PublishEnding,
  type ReportEnvelope,
} from "@sms-gateway/contracts";
import type { CallbackRequest } from "@sms-gateway/providers";
import type { Logger } from "@sms-gateway/runtime";
import type { AccountKind, ProviderAccounts } from "../accounts/provider-accounts.ts";
import type { CallbackAddresses } from "../delivery/callback-address.ts";
import type { WorkerMetrics } from "../metrics.ts";

/** What taking callbacks needs. No database: an outage of it loses no report (architecture.md 5.7). */
export interface ReceiveCallbackDeps {
  readonly accounts: ProviderAccounts;
  readonly addresses: CallbackAddresses;
  /** Puts it into the queue, with others that come at the same time; ends as their group ends. */
  readonly publishReport: (report: ReportEnvelope) => Promise<PublishEnding>;
  readonly metrics: WorkerMetrics;
  readonly logger: Logger;
}

/** A callback as it came in, before anything in it is believed. */
export interface RawCallback {
  /** The provider's name as it stands in the path. */
  readonly providerName: string;
  readonly method: string;
  readonly pathAndQuery: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
  readonly requestId: string;
}

interface Verified {
  readonly kind: AccountKind;
  readonly messageId: string | null;
  readonly attemptNumber: number | null;
}

/**
 * Verifies a callback (our own MAC in its address, the provider's signature under the secret of the attempt's own
 * account) and puts it, raw, into the queue. When this resolves, the queue has it and the provider may be answered.
 *
 * @throws ApiError NOT_FOUND for an unknown provider; FORBIDDEN when it does not verify, and nothing is applied;
 *   SERVICE_UNAVAILABLE when the queue did not confirm: the provider may send it again.
 */
export async function receiveCallback(deps: ReceiveCallbackDeps, callback: RawCallback): Promise<ProviderName> {
  const { metrics, publishReport } = deps;
  const provider = findProviderName(callback.providerName);
  if (provider === undefined) throw new ApiError("NOT_FOUND", { message: "There is no such provider." });
  const request = toCallbackRequest(deps.addresses, callback);
  const verified = verifyCallback(deps, provider, request);
  if (verified === undefined) {
    metrics.callbacks.inc({ provider, result: "forged" });
    deps.logger.warn({ event: "callback.refused", provider, request_id: callback.requestId });
    throw new ApiError("FORBIDDEN", { message: "The callback does not verify; nothing was applied." });
  }
  const ending = await publishReport({
    type: "sms.report",
    version: 1,
    provider,
    account: verified.kind,
    message_id: verified.messageId,
    attempt_number: verified.attemptNumber,
    received_at: new Date().toISOString(),
    request_id: callback.requestId,
    query: request.query,
    content_type: request.contentType,
    body: callback.body.toString("latin1"),
  });
  metrics.callbacks.inc({ provider, result: ending.ending === "confirmed" ? "taken" : "not_queued" });
  if (ending.ending === "confirmed") return provider;
  const reason = ending.ending === "not_handed_over" ? ending.reason : "unconfirmed";
  deps.logger.warn({ event: "callback.not_queued", provider, reason, request_id: callback.requestId });
  throw new ApiError("SERVICE_UNAVAILABLE", { details: { reason }, retryAfterS: 1 });
}

function toCallbackRequest(addresses: CallbackAddresses, callback: RawCallback): CallbackRequest {
  const { method, pathAndQuery, headers, body } = callback;
  const queryAt = pathAndQuery.indexOf("?");
  return {
    url: addresses.rebuild(pathAndQuery),
    method,
    headers,
    query: queryAt === -1 ? "" : pathAndQuery.slice(queryAt + 1),
    contentType: headers["content-type"] ?? "",
    body,
  };
}

function verifyCallback(
  { accounts, addresses }: ReceiveCallbackDeps,
  provider: ProviderName,
  request: CallbackRequest,
): Verified | undefined {
  const subject = addresses.read(provider, request.query);
  if (subject === "forged") return undefined;
  if (subject === "foreign") {
    // An address set by hand in the provider's console: the signature alone says whose it is.
    const signer = accounts.list(provider).find(({ account }) => account.verifyCallback(request));
    return signer === undefined ? undefined : { kind: signer.kind, messageId: null, attemptNumber: null };
  }
  const { account: kind, messageId, attemptNumber } = subject;
  const isSigned = accounts.find(provider, kind)?.verifyCallback(request) === true;
  return isSigned ? { kind, messageId, attemptNumber } : undefined;
}
