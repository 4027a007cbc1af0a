import {
  ApiError,
  defaultPriority,
  findProviderName,
  METADATA_BYTES_MAX,
  PROVIDER_NAMES,
  type ProviderName,
  SendRequest,
  type SmsType,
} from "@sms-gateway/contracts";
import { describeValidation, type FieldProblem, type SchemaError } from "@sms-gateway/http";
import { shapeSender } from "@sms-gateway/sms";
import { checkCallbackUrl } from "./check-callback-url.ts";
import { readContent } from "./read-content.ts";
import { readRecipients } from "./read-recipients.ts";
import type { SendForm } from "./send-form.ts";

/** Settings that the form's validity depends on. */
export interface FormSettings {
  readonly maxMessageLength: number;
  readonly maxRecipients: number;
  readonly defaultCountry: string | undefined;
  readonly allowedPrivateHosts: readonly string[];
}

/** Collects problems under the path they belong to. */
export type Report = (path: string, message: string) => void;

/** A body whose fields have the types of the schema, as far as `schemaErrors` do not say otherwise. */
type Body = Partial<SendRequest>;

/**
 * Validates the body of `sms/send` in full and reads it into a `SendForm`. Every problem is collected, those of the
 * schema and those of meaning, and thrown together as `INVALID_PAYLOAD` with `details.errors[]` (an unknown provider
 * alone: `UNKNOWN_PROVIDER`). What depends on the clock or the directory is not decided here: a replay must get its
 * stored answer whatever has changed since.
 */
export function readSendRequest(
  value: unknown,
  schemaErrors: readonly SchemaError[],
  settings: FormSettings,
): SendForm {
  const problems: FieldProblem[] = describeValidation(schemaErrors, "body");
  const report: Report = (path, message) => problems.push({ path, message });
  const body = withoutFailedFields(value, problems);
  if (body === undefined) throw invalidPayload(problems);

  const smsType: SmsType = body.sms_type ?? "transactional";
  const { recipients, duplicates } = readRecipients(body.to, settings, report);
  const content = readContent(body, settings.maxMessageLength, problems, report);
  const form: SendForm = {
    recipients,
    duplicates,
    ...content,
    sender: readSender(body.from_number, report),
    smsType,
    providers: readProviders(body, report),
    ...readTimes(body, report),
    priority: body.priority ?? defaultPriority(smsType),
    callbackUrl: readCallbackUrl(body.callback_url, settings, report),
    customId: body.custom_id ?? null,
    metadata: readMetadata(body.metadata, report),
    warnings: [...content.warnings, ...unknownFields(value)],
  };
  if (body.dry_run === true) report("/dry_run", "is not supported yet; leave it out");
  if (problems.length > 0) throw invalidPayload(problems);
  return form;
}

/** The error for a form with problems. */
export function invalidPayload(problems: readonly FieldProblem[]): ApiError {
  const [first] = problems;
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more; see details.errors)` : "";
  return new ApiError("INVALID_PAYLOAD", {
    message: first === undefined ? "The request failed validation." : `${first.path} ${first.message}${more}`,
    details: { errors: problems.slice(0, 100) },
  });
}

/** The body without the top-level fields that the schema already refused, so that the rest can still be looked at. */
function withoutFailedFields(value: unknown, problems: readonly FieldProblem[]): Body | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const failed = new Set(problems.map((problem) => problem.path.split("/")[1] ?? ""));
  // The schema has checked every field that is left: this is the parser's one cast.
  return Object.fromEntries(Object.entries(value).filter(([key]) => !failed.has(key))) as Body;
}

function unknownFields(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  const unknown = Object.keys(value).filter((key) => !Object.hasOwn(SendRequest.properties, key));
  return unknown.slice(0, 10).map((key) => `The field "${key.slice(0, 64)}" is not known and was ignored.`);
}

function readSender(written: string | null | undefined, report: Report): string | null {
  if (written === null || written === undefined) return null;
  const shaped = shapeSender(written);
  if (shaped.ok) return shaped.sender;
  report("/from_number", shaped.problem);
  return null;
}

function readProviders(body: Body, report: Report): ProviderName[] {
  const list = body.providers ?? [];
  const single = body.provider ?? null;
  if (single !== null && list.length > 0) report("/provider", "give either provider or providers, not both");
  const written = single === null ? list : [single];
  const names = written.map((name) => ({ name, found: findProviderName(name) }));
  const unknown = names.filter((entry) => entry.found === undefined);
  if (unknown.length > 0) {
    throw new ApiError("UNKNOWN_PROVIDER", {
      message: `There is no provider called ${unknown.map((entry) => `"${entry.name}"`).join(", ")}.`,
      details: { unknown: unknown.map((entry) => entry.name), allowed: [...PROVIDER_NAMES] },
    });
  }
  return [...new Set(names.flatMap((entry) => (entry.found === undefined ? [] : [entry.found])))];
}

function readTimes(body: Body, report: Report): Pick<SendForm, "scheduleAtMs" | "expireAtMs" | "ttlSeconds"> {
  const scheduleAtMs = readTime("/schedule_at", body.schedule_at, report);
  const expireAtMs = readTime("/expire_at", body.expire_at, report);
  const ttlSeconds = body.ttl_seconds ?? null;
  if (expireAtMs !== null && ttlSeconds !== null)
    report("/ttl_seconds", "give either expire_at or ttl_seconds, not both");
  if (expireAtMs !== null && scheduleAtMs !== null && expireAtMs <= scheduleAtMs)
    report("/expire_at", "must be after schedule_at");
  return { scheduleAtMs, expireAtMs, ttlSeconds };
}

// A date with time and zone; without a zone the answer would depend on the server's.
const ISO_TIME = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)$/i;

function readTime(path: string, written: string | null | undefined, report: Report): number | null {
  if (written === null || written === undefined) return null;
  const time = ISO_TIME.test(written)
    ? Date.parse(written.replace(" ", "T").replace(/([+-]\d\d)(\d\d)$/, "$1:$2"))
    : Number.NaN;
  if (Number.isNaN(time)) {
    report(path, "must be an ISO 8601 time with its zone, like 2026-01-31T10:00:00Z");
    return null;
  }
  return time;
}

function readCallbackUrl(written: string | null | undefined, settings: FormSettings, report: Report): string | null {
  if (written === null || written === undefined) return null;
  const problem = checkCallbackUrl(written, settings.allowedPrivateHosts);
  if (problem !== undefined) report("/callback_url", problem);
  return written;
}

function readMetadata(
  metadata: Record<string, unknown> | null | undefined,
  report: Report,
): Record<string, unknown> | null {
  if (metadata === null || metadata === undefined || Object.keys(metadata).length === 0) return null;
  const bytes = Buffer.byteLength(JSON.stringify(metadata));
  if (bytes > METADATA_BYTES_MAX)
    report("/metadata", `must be at most ${METADATA_BYTES_MAX} bytes of JSON, but has ${bytes}`);
  return metadata;
}
