import { isUtf8 } from "node:buffer";
import { type AcceptedEnvelope, parseAcceptedEnvelope } from "./accepted-envelope.ts";
import { parseReportEnvelope, type ReportEnvelope } from "./report-envelope.ts";
import { createVersionReader, type ReadResult } from "./version-reader.ts";

/** What one message of a lane's queue carries, whatever the queue runs on: requests that were published together. */
export const ACCEPTED_GROUP_TYPE = "sms.accepted.group";
export const REPORT_TYPE = "sms.report";
const ACCEPTED_GROUP_VERSION = 1;

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
  return Buffer.from(JSON.stringify({ type: ACCEPTED_GROUP_TYPE, version: ACCEPTED_GROUP_VERSION, envelopes }));
}

/** Reads a delivery of a lane. */
export function readAcceptedGroup(body: Buffer): DeliveryContent<AcceptedEnvelope> {
  const parsed = readObject(body);
  if (!parsed.ok) return whollyBad(body, parsed.problem);
  if (parsed.value.type !== ACCEPTED_GROUP_TYPE) return whollyBad(body, describeKind(parsed.value));
  const group = readGroup(parsed.value);
  if (!group.ok) return whollyBad(body, group.problem);
  const good: AcceptedEnvelope[] = [];
  const bad: BadPart[] = [];
  for (const [index, value] of group.value.entries()) {
    const read = parseAcceptedEnvelope(value);
    if (read.ok) good.push(read.value);
    else bad.push({ problem: `/envelopes/${index}: ${read.problem}`, body: Buffer.from(JSON.stringify(value)), index });
  }
  return { good, bad };
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
    version: ACCEPTED_GROUP_VERSION,
    envelopes: [null],
  }).split("null");
  return { body: Buffer.concat([Buffer.from(before), body, Buffer.from(after)]), parts: 1 };
}

/** The id of a dead letter: the same however often the same part of the same delivery is put aside. */
export function nameLetter(deliveryId: string, partIndex: number | null): string {
  return `${deliveryId}/${partIndex ?? "all"}`;
}

export function writeReport(report: ReportEnvelope): Buffer {
  return Buffer.from(JSON.stringify(report));
}

/** Reads a delivery of `sms.reports`. */
export function readReport(body: Buffer): DeliveryContent<ReportEnvelope> {
  const parsed = readObject(body);
  if (!parsed.ok) return whollyBad(body, parsed.problem);
  if (parsed.value.type !== REPORT_TYPE) return whollyBad(body, describeKind(parsed.value));
  const read = parseReportEnvelope(parsed.value);
  return read.ok ? { good: [read.value], bad: [] } : whollyBad(body, read.problem);
}

const readGroup = createVersionReader<readonly unknown[]>(
  ACCEPTED_GROUP_TYPE,
  new Map([[ACCEPTED_GROUP_VERSION, readGroupVersion1]]),
);

function readGroupVersion1(value: unknown): ReadResult<readonly unknown[]> {
  if (!isRecord(value) || value.version !== 1) return { ok: false, problem: "/version must be 1" };
  const { envelopes } = value;
  if (Array.isArray(envelopes) && envelopes.length > 0) return { ok: true, value: envelopes };
  return { ok: false, problem: "/envelopes must be a list of at least one" };
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
