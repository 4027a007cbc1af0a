import type { Directory, RequestMetadata } from "@sms-gateway/contracts";
import type { FieldProblem } from "@sms-gateway/http";
import type { GatewaySettings } from "../config.ts";
import { type Acceptance, type AcceptDeps, acceptMessages, type Idempotency } from "./accept-messages.ts";
import type { Caller } from "./caller.ts";
import { chooseLimits } from "./choose-limits.ts";
import { countCharacters } from "./count-characters.ts";
import { findRefusal } from "./find-refusal.ts";
import { fingerprintRequest, hashIdempotencyKey } from "./fingerprint.ts";
import type { FieldNames } from "./invalid-payload.ts";
import { isSimulated } from "./is-simulated.ts";
import { readSendRequest } from "./read-send-request.ts";
import type { FormSettings } from "./send-form.ts";

/** What the action needs beside what accepting needs. */
export interface SendDeps extends AcceptDeps {
  readonly directory: Directory;
  readonly settings: GatewaySettings;
}

/** A request to send, as a route has it. */
export interface SendCall {
  readonly caller: Caller;
  /** Stands for the route in the fingerprint; the same for `/api` and `/api/v1`. */
  readonly route: string;
  /** The body as sent: what the fingerprint covers. */
  readonly sentBody: unknown;
  /** The body in the form of `SendRequest`. */
  readonly body: unknown;
  /** What the schema has found wrong with the body. */
  readonly problems: readonly FieldProblem[];
  /** What the caller calls the fields of `body`, where it used other names. */
  readonly fieldNames?: FieldNames | undefined;
  readonly idempotencyKey: GivenIdempotencyKey | undefined;
  readonly request: Omit<RequestMetadata, "message_length">;
}

export interface GivenIdempotencyKey {
  readonly value: string;
  /** Where it was given, for the problem's path: "header:Idempotency-Key" or "/uuid". */
  readonly path: string;
}

const IDEMPOTENCY_KEY = /^[A-Za-z0-9._:-]{1,255}$/;

/** Validates a request to send and accepts it. Throws `ApiError`s. */
export async function sendMessages(deps: SendDeps, call: SendCall): Promise<Acceptance> {
  const { settings, directory } = deps;
  const { caller } = call;
  const form = readSendRequest(call.body, {
    found: [...call.problems, ...checkIdempotencyKey(call.idempotencyKey)],
    settings: formSettings(settings),
    fieldNames: call.fieldNames,
  });
  const providers = directory.providers();
  const simulated = isSimulated(caller, providers);
  const sender = form.sender ?? caller.client.sender ?? settings.DEFAULT_FROM_NUMBER ?? null;
  return acceptMessages(deps, {
    caller,
    form,
    idempotency: readIdempotency(call),
    limits: chooseLimits(caller.client, settings),
    simulated,
    sender,
    refusal: findRefusal(form, {
      providers,
      simulated,
      nowMs: deps.now(),
      sender,
      clientSender: caller.client.sender,
      allowAnySender: settings.ALLOW_ANY_SENDER,
    }),
    request: { ...call.request, message_length: countCharacters(form.text) },
  });
}

function formSettings(settings: GatewaySettings): FormSettings {
  return {
    maxMessageLength: settings.MAX_MESSAGE_LENGTH,
    maxRecipients: settings.MAX_RECIPIENTS_PER_REQUEST,
    defaultCountry: settings.DEFAULT_COUNTRY,
    allowedPrivateHosts: settings.WEBHOOK_ALLOWED_PRIVATE_HOSTS,
  };
}

function checkIdempotencyKey(key: GivenIdempotencyKey | undefined): FieldProblem[] {
  if (key === undefined || IDEMPOTENCY_KEY.test(key.value)) return [];
  return [{ path: key.path, message: "must be 1 to 255 characters of A–Z a–z 0–9 . _ : -" }];
}

function readIdempotency({ idempotencyKey, route, sentBody }: SendCall): Idempotency | null {
  if (idempotencyKey === undefined) return null;
  return { keyHash: hashIdempotencyKey(idempotencyKey.value), fingerprint: fingerprintRequest(route, sentBody) };
}
