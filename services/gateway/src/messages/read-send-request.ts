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
import type { FieldProblem } from "@sms-gateway/http";
import { shapeSender } from "@sms-gateway/sms";
import { checkCallbackUrl } from "./check-callback-url.ts";
import { type FieldNames, invalidPayload } from "./invalid-payload.ts";
import { readContent } from "./read-content.ts";
import { readRecipients } from "./read-recipients.ts";
import { readTimes } from "./read-times.ts";
import type { FormSettings, ReportProblem, SendForm } from "./send-form.ts";

/** What reading a form needs beside the body. */
export interface FormContext {
  /** What was found wrong before: by the schema, with the Idempotency-Key. */
  readonly found: readonly FieldProblem[];
  readonly settings: FormSettings;
  /** For problems of a body that came with other names. */
  readonly fieldNames?: FieldNames | undefined;
}

/** Fields that have the types of the schema; those that the schema has refused are left out. */
type Fields = Partial<SendRequest>;

/**
 * Validates the body of `sms/send` in full and reads it into a `SendForm`. Every problem is collected, those that were
 * `found` before and those of meaning, and thrown together as `INVALID_PAYLOAD` with `details.errors[]`;
 * an unknown provider alone is `UNKNOWN_PROVIDER`. What depends on the clock or the directory is not decided here: a
 * replay must get its stored answer whatever has changed since.
 */
export function readSendRequest(value: unknown, { found, settings, fieldNames }: FormContext): SendForm {
  const problems = [...found];
  const report: ReportProblem = (path, message) => problems.push({ path, message });
  const fields = readFields(value, found);
  if (fields === undefined) throw invalidPayload(found.length > 0 ? found : [{ path: "/", message: "must be object" }]);

  const smsType: SmsType = fields.sms_type ?? "transactional";
  const { recipients, duplicates } = readRecipients(fields.to, settings, report);
  const content = readContent(fields, {
    maxMessageLength: settings.maxMessageLength,
    contentFailed: found.some(({ path }) => CONTENT_PATHS.has(path)),
    report,
  });
  const { providers, unknown } = readProviders(fields, report);
  const form: SendForm = {
    recipients,
    duplicates,
    ...content,
    sender: readSender(fields.from_number, report),
    smsType,
    providers,
    ...readTimes(fields, report),
    priority: fields.priority ?? defaultPriority(smsType),
    callbackUrl: readCallbackUrl(fields.callback_url, settings, report),
    customId: fields.custom_id ?? null,
    metadata: readMetadata(fields.metadata, report),
    warnings: [...content.warnings, ...listUnknownFields(fields)],
  };
  if (fields.dry_run === true) report("/dry_run", "is not supported yet; leave it out");
  if (unknown.length > 0) throw refuseProviders(unknown, problems);
  if (problems.length > 0) throw invalidPayload(problems, fieldNames);
  return form;
}

const CONTENT_PATHS: ReadonlySet<string> = new Set(["/message", "/text", "/template_id"]);

/** The top-level fields that the schema has not refused, so that the rest can still be looked at. */
function readFields(value: unknown, found: readonly FieldProblem[]): Fields | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  if (found.length === 0) return value;
  const failed = new Set(found.map(({ path }) => path.split("/")[1] ?? ""));
  return Object.fromEntries(Object.entries(value).filter(([key]) => !failed.has(key)));
}

function listUnknownFields(fields: Fields): string[] {
  const unknown = Object.keys(fields).filter((key) => !Object.hasOwn(SendRequest.properties, key));
  return unknown.slice(0, 10).map((key) => `The field "${key.slice(0, 64)}" is not known and was ignored.`);
}

function readSender(written: string | null | undefined, report: ReportProblem): string | null {
  if (written === null || written === undefined) return null;
  const shaped = shapeSender(written);
  if (shaped.ok) return shaped.sender;
  report("/from_number", shaped.problem);
  return null;
}

function readProviders(
  { provider, providers }: Fields,
  report: ReportProblem,
): { providers: ProviderName[]; unknown: FieldProblem[] } {
  const list = providers ?? [];
  const single = provider ?? null;
  if (single !== null && list.length > 0) report("/provider", "give either provider or providers, not both");
  const written =
    single === null
      ? list.map((name, index) => [`/providers/${index}`, name] as const)
      : [["/provider", single] as const];
  const found = new Set<ProviderName>();
  const unknown: FieldProblem[] = [];
  for (const [path, name] of written) {
    const known = findProviderName(name);
    if (known === undefined) unknown.push({ path, message: `there is no provider called "${name}"` });
    else found.add(known);
  }
  return { providers: [...found], unknown };
}

function refuseProviders(unknown: readonly FieldProblem[], others: readonly FieldProblem[]): ApiError {
  if (others.length > 0) return invalidPayload([...others, ...unknown]);
  return new ApiError("UNKNOWN_PROVIDER", {
    message: unknown.map(({ path, message }) => `${path}: ${message}`).join("; "),
    details: { errors: unknown, allowed: [...PROVIDER_NAMES] },
  });
}

function readCallbackUrl(
  written: string | null | undefined,
  settings: FormSettings,
  report: ReportProblem,
): string | null {
  if (written === null || written === undefined || written === "") return null;
  const problem = checkCallbackUrl(written, settings.allowedPrivateHosts);
  if (problem !== undefined) report("/callback_url", problem);
  return written;
}

function readMetadata(
  metadata: Record<string, unknown> | null | undefined,
  report: ReportProblem,
): Record<string, unknown> | null {
  if (metadata === null || metadata === undefined || Object.keys(metadata).length === 0) return null;
  const bytes = Buffer.byteLength(JSON.stringify(metadata));
  if (bytes > METADATA_BYTES_MAX) {
    report("/metadata", `must be at most ${METADATA_BYTES_MAX} bytes of JSON, but has ${bytes}`);
  }
  return metadata;
}
