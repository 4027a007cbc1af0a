import type { ApiError, Directory, RequestMetadata } from "@sms-gateway/contracts";
import type { SchemaError } from "@sms-gateway/http";
import type { GatewaySettings } from "../config.ts";
import type { AuthenticatedCaller } from "../plugins/authenticate.ts";
import { type Acceptance, type AcceptDeps, acceptMessages } from "./accept-messages.ts";
import { findRefusal } from "./find-refusal.ts";
import { fingerprintRequest, hashIdempotencyKey } from "./fingerprint.ts";
import { isSimulated, limitsOf } from "./prepare-request.ts";
import { type FormSettings, readSendRequest } from "./read-send-request.ts";

/** What the action needs beside what accepting needs. */
export interface SendDeps extends AcceptDeps {
  readonly directory: Directory;
  readonly settings: GatewaySettings;
}

/** A request to send, as a route has it. */
export interface SendCall {
  readonly caller: AuthenticatedCaller;
  /** Stands for the route in the fingerprint; the same for `/api` and `/api/v1`. */
  readonly route: string;
  /** The body as sent: what the fingerprint covers. */
  readonly sentBody: unknown;
  /** The body in the form of `SendRequest`. */
  readonly body: unknown;
  readonly schemaErrors: readonly SchemaError[];
  readonly idempotencyKey: string | undefined;
  readonly request: Omit<RequestMetadata, "message_length">;
}

const IDEMPOTENCY_KEY = /^[A-Za-z0-9._:-]{1,255}$/;

/** Validates a request to send and accepts it. Throws `ApiError`s. */
export async function sendMessages(deps: SendDeps, call: SendCall): Promise<Acceptance> {
  const form = readSendRequest(
    call.body,
    [...call.schemaErrors, ...checkIdempotencyKey(call.idempotencyKey)],
    formSettings(deps.settings),
  );
  const { caller } = call;
  const providers = deps.directory.providers();
  const simulated = isSimulated(caller, providers);
  const sender = form.sender ?? caller.client.sender ?? deps.settings.DEFAULT_FROM_NUMBER ?? null;
  const refusal = findRefusal(form, {
    providers,
    simulated,
    nowMs: deps.now(),
    sender,
    clientSender: caller.client.sender,
    allowAnySender: deps.settings.ALLOW_ANY_SENDER,
  });
  return acceptMessages(deps, {
    caller: { clientId: caller.client.id, keyId: caller.keyId },
    client: caller.client,
    form,
    fingerprint: fingerprintRequest(call.route, call.sentBody),
    idempotencyKeyHash: call.idempotencyKey === undefined ? null : hashIdempotencyKey(call.idempotencyKey),
    limits: limitsOf(caller.client, deps.settings),
    simulated,
    sender,
    refusal,
    request: { ...call.request, message_length: form.text.length },
  });
}

/** What of a failure the metric tells apart beside its code. */
export function refusalDetail(error: ApiError): string {
  const { limit, reason } = error.details;
  return typeof limit === "string" ? limit : typeof reason === "string" ? reason : "";
}

function formSettings(settings: GatewaySettings): FormSettings {
  return {
    maxMessageLength: settings.MAX_MESSAGE_LENGTH,
    maxRecipients: settings.MAX_RECIPIENTS_PER_REQUEST,
    defaultCountry: settings.DEFAULT_COUNTRY,
    allowedPrivateHosts: settings.WEBHOOK_ALLOWED_PRIVATE_HOSTS,
  };
}

function checkIdempotencyKey(key: string | undefined): SchemaError[] {
  if (key === undefined || IDEMPOTENCY_KEY.test(key)) return [];
  const message = "must be 1 to 255 characters of A–Z a–z 0–9 . _ : -";
  return [{ instancePath: "header:Idempotency-Key", keyword: "pattern", message, params: {} }];
}
