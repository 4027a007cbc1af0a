import { ApiError, type DirectoryProvider, isOperational, SCHEDULE_AHEAD_MAX_MS } from "@sms-gateway/contracts";
import { shapeSender } from "@sms-gateway/sms";
import type { SendForm } from "./send-form.ts";

/** What a refusal may depend on: the directory and the clock, as they are now. */
export interface RefusalFacts {
  readonly providers: readonly DirectoryProvider[];
  readonly simulated: boolean;
  readonly nowMs: number;
  /** The sender the message would have; null is the provider account's own. */
  readonly sender: string | null;
  /** The client's own sender. */
  readonly clientSender: string | null;
  /** `ALLOW_ANY_SENDER`; not set: only while the message is simulated. */
  readonly allowAnySender: boolean | undefined;
}

/**
 * The refusal that stands against a valid form just now, or undefined. Computed before the atomic admission step and
 * handed to it, because a stored answer goes before it (architecture.md 5.1).
 */
export function findRefusal(form: SendForm, facts: RefusalFacts): ApiError | undefined {
  if (form.templateId !== null) {
    return new ApiError("TEMPLATE_NOT_FOUND", {
      message: `There is no template "${form.templateId}".`,
      details: { template_id: form.templateId },
    });
  }
  return refuseTimes(form, facts.nowMs) ?? refuseSender(form, facts) ?? refuseProviders(form, facts);
}

function refuseTimes(form: SendForm, nowMs: number): ApiError | undefined {
  const errors = [];
  if (form.expireAtMs !== null && form.expireAtMs <= nowMs)
    errors.push({ path: "/expire_at", message: "must be in the future" });
  for (const [path, time] of [
    ["/schedule_at", form.scheduleAtMs],
    ["/expire_at", form.expireAtMs],
  ] as const) {
    if (time !== null && time > nowMs + SCHEDULE_AHEAD_MAX_MS)
      errors.push({ path, message: "must be at most 90 days ahead" });
  }
  const [first] = errors;
  return first === undefined
    ? undefined
    : new ApiError("INVALID_PAYLOAD", { message: `${first.path} ${first.message}`, details: { errors } });
}

function refuseSender(form: SendForm, facts: RefusalFacts): ApiError | undefined {
  if (form.sender === null || (facts.allowAnySender ?? facts.simulated)) return undefined;
  if (facts.clientSender !== null && bare(form.sender) === bare(facts.clientSender)) return undefined;
  return new ApiError("SENDER_NOT_ALLOWED", { details: { from_number: form.sender } });
}

/** A number is the same sender with and without its +. */
function bare(sender: string): string {
  return sender.replace(/^\+/, "");
}

function refuseProviders(form: SendForm, facts: RefusalFacts): ApiError | undefined {
  const requested = form.providers;
  const candidates = facts.providers.filter((provider) => requested.length === 0 || requested.includes(provider.name));
  const operational = candidates.filter((provider) => isOperational(provider, facts.simulated));
  if (operational.length === 0) {
    if (requested.length === 0) return new ApiError("NO_PROVIDER_AVAILABLE", { retryAfterS: 30 });
    const code = requested.length === 1 ? "PROVIDER_DISABLED" : "ALL_PROVIDERS_DISABLED";
    return new ApiError(code, { details: { providers: requested } });
  }
  const alphanumeric = facts.sender !== null && isAlphanumeric(facts.sender);
  const able = operational.filter(
    ({ capabilities }) =>
      capabilities.message_types.includes(form.messageType) && (!alphanumeric || capabilities.alphanumeric_senders),
  );
  if (able.length > 0) return undefined;
  return new ApiError("UNSUPPORTED_MESSAGE", {
    details: {
      message_type: form.messageType,
      ...(alphanumeric ? { from_number: facts.sender } : {}),
      providers: operational.map((p) => p.name),
    },
  });
}

function isAlphanumeric(sender: string): boolean {
  const shaped = shapeSender(sender);
  return shaped.ok && shaped.kind === "alphanumeric";
}
