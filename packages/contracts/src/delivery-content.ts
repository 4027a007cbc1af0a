import { isUtf8 } from "node:buffer";
import { type AcceptedEnvelope, parseAcceptedEnvelope } from "./accepted-envelope.ts";
import { parseReportEnvelope, type ReportEnvelope } from "./report-envelope.ts";
import { createVersionReader, type ReadResult, type ReadValue } from "./version-reader.ts";

/** What one message of a lane's queue carries, whatever the queue runs on: requests that were published together. */
export const ACCEPTED_GROUP_TYPE = "sms.accepted.group";
/** What one message of the reports' queue carries: reports that were published together. */
export const REPORT_GROUP_TYPE = "sms.report.group";
/** One report by itself: as before there were groups, and as a part of a group comes back from the dead letters. */
export const REPORT_TYPE = "sms.report";
const GROUP_VERSION = 1;

/** What a delivery holds. A bad part never takes good ones with it. */
export interface DeliveryContent<T> {
  readonly good: readonly T[];
  readonly bad: readonly BadPart[];
}

/** Something that cannot be read, as it goes to `sms.dead`. */
export interface BadPart {
  /** What is wrong, without texts or numbers: it is logged. */
  readonly problem: string;
  readonly body: Buffer;
  /** Position in its group; none when the whole delivery is bad. */
  readonly index?: number;
}

export type ReadDelivery<T> = (body: Buffer) => DeliveryContent<T>;

export function writeAcceptedGroup(envelopes: readonly AcceptedEnvelope[]): Buffer {
  return Buffer.from(JSON.stringify({ type: ACCEPTED_GROUP_TYPE, version: GROUP_VERSION, envelopes }));
}

/** Reads a delivery of a lane. */
export function readAcceptedGroup(body: Buffer): DeliveryContent<AcceptedEnvelope> {
  const parsed = readObject(body);
  if (!parsed.ok) return whollyBad(body, parsed.problem);
  if (parsed.value.type !== ACCEPTED_GROUP_TYPE) return whollyBad(body, describeKind(parsed.value));
  const group = readEnvelopes(parsed.value);
  return group.ok ? readParts("envelopes", group.value, parseAcceptedEnvelope) : whollyBad(body, group.problem);
}

/**
 * What to publish to a lane so that a dead letter of it is read again. A letter is either all of a delivery or one part of
 * a group; a part becomes a group of one, in the form that every version reads.
 *
 * @returns also how many parts it has, as far as that can be told.
 */
export function wrapDeadLetter(body: Buffer): { readonly body: Buffer; readonly parts: number } {
  const parsed = readJson(body);
  // No part is ever anything but JSON, so this was a whole delivery.
  if (!parsed.ok) return { body, parts: 1 };
  if (isRecord(parsed.value) && parsed.value.type === ACCEPTED_GROUP_TYPE) {
    const { envelopes } = parsed.value;
    return { body, parts: Array.isArray(envelopes) ? Math.max(1, envelopes.length) : 1 };
  }
  // Around the bytes as they are: parsing and writing them again could change a number.
  const [before = "", after = ""] = JSON.stringify({
    type: ACCEPTED_GROUP_TYPE,
    version: GROUP_VERSION,
    envelopes: [null],
  }).split("null");
  return { body: Buffer.concat([Buffer.from(before), body, Buffer.from(after)]), parts: 1 };
}

/** The id of a dead letter: the same however often the same part of the same delivery is put aside. */
export function nameLetter(deliveryId: string, partIndex: number | null): string {
  return `${deliveryId}/${partIndex ?? "all"}`;
}

export function writeReports(reports: readonly ReportEnvelope[]): Buffer {
  return Buffer.from(JSON.stringify({ type: REPORT_GROUP_TYPE, version: GROUP_VERSION, reports }));
}

/** Reads a delivery of `sms.reports`: a group, or one report by itself. */
export function readReports(body: Buffer): DeliveryContent<ReportEnvelope> {
  const parsed = readObject(body);
  if (!parsed.ok) return whollyBad(body, parsed.problem);
  if (parsed.value.type === REPORT_TYPE) {
    const read = parseReportEnvelope(parsed.value);
    return read.ok ? { good: [read.value], bad: [] } : whollyBad(body, read.problem);
  }
  if (parsed.value.type !== REPORT_GROUP_TYPE) return whollyBad(body, describeKind(parsed.value));
  const group = readReportList(parsed.value);
  return group.ok ? readParts("reports", group.value, parseReportEnvelope) : whollyBad(body, group.problem);
}

const readEnvelopes = createGroupReader(ACCEPTED_GROUP_TYPE, "envelopes");
const readReportList = createGroupReader(REPORT_GROUP_TYPE, "reports");

function createGroupReader(type: string, listName: "envelopes" | "reports"): ReadValue<readonly unknown[]> {
  const readVersion1 = (value: unknown): ReadResult<readonly unknown[]> => {
    if (!isRecord(value) || value.version !== 1) return { ok: false, problem: "/version must be 1" };
    const { [listName]: list } = value;
    if (Array.isArray(list) && list.length > 0) return { ok: true, value: list };
    return { ok: false, problem: `/${listName} must be a list of at least one` };
  };
  return createVersionReader(type, new Map([[GROUP_VERSION, readVersion1]]));
}

/** Each part by itself: a bad one never takes good ones with it. */
function readParts<T>(listName: string, values: readonly unknown[], parse: ReadValue<T>): DeliveryContent<T> {
  const good: T[] = [];
  const bad: BadPart[] = [];
  for (const [index, value] of values.entries()) {
    const read = parse(value);
    if (read.ok) good.push(read.value);
    else
      bad.push({ problem: `/${listName}/${index}: ${read.problem}`, body: Buffer.from(JSON.stringify(value)), index });
  }
  return { good, bad };
}

function readObject(body: Buffer): ReadResult<Record<string, unknown>> {
  const parsed = readJson(body);
  if (!parsed.ok) return parsed;
  return isRecord(parsed.value) ? { ok: true, value: parsed.value } : { ok: false, problem: "not a JSON object" };
}

function readJson(body: Buffer): ReadResult<unknown> {
  // Decoding would replace bad bytes in silence and so change a text.
  if (!isUtf8(body)) return { ok: false, problem: "not UTF-8" };
  try {
    const value: unknown = JSON.parse(body.toString("utf8"));
    return { ok: true, value };
  } catch {
    // The parser's own message quotes the body.
    return { ok: false, problem: "not JSON" };
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function whollyBad<T>(body: Buffer, problem: string): DeliveryContent<T> {
  return { good: [], bad: [{ problem, body }] };
}

function describeKind({ type }: Record<string, unknown>): string {
  // Only names of our own form are repeated; anything else might be a person's data.
  const name = typeof type === "string" && /^[a-z._]{1,40}$/.test(type) ? type : "none of ours";
  return `unknown kind: type ${name}`;
}
