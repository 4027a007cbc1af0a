import { ApiError, findProviderName, MESSAGE_STATES, type ProviderName, SMS_TYPES } from "@sms-gateway/contracts";
import type { MessageFilter } from "@sms-gateway/db";
import type { FieldProblem } from "@sms-gateway/http";
import { hasForbiddenCharacters, shapeRecipientNumber } from "@sms-gateway/sms";
import { type Static, Type } from "typebox";

/** Most messages in one page, and most that `offset` may skip: beyond that a cursor is faster for both sides. */
const LIMIT_MAX = 500;
const LIMIT_DEFAULT = 50;
const OFFSET_MAX = 10_000;
const DAY_MS = 24 * 3600 * 1000;

const filter = (description: string) => Type.Optional(Type.String({ description }));

/**
 * The query of `GET /api/v1/sms`. Everything is read as text and checked by `readListQuery`, so that one answer lists
 * every problem, whether it is about form or about meaning.
 */
export const ListQuery = Type.Object({
  status: filter(`One of ${MESSAGE_STATES.join(", ")}.`),
  sms_type: filter(`One of ${SMS_TYPES.join(", ")}.`),
  to: filter("Recipient's number."),
  provider: filter("Provider that was asked last."),
  batch_id: filter("Id of a request's messages together."),
  custom_id: filter("Your own id."),
  date_from: filter("Accepted at or after this time; ISO 8601, a day alone means its beginning (UTC)."),
  date_to: filter("Accepted at or before this time; a day alone means its end (UTC)."),
  limit: filter(`Messages per page, 1 to ${LIMIT_MAX}; ${LIMIT_DEFAULT} unless given.`),
  offset: filter(`Messages to skip, up to ${OFFSET_MAX}; not together with cursor.`),
  cursor: filter("`next_cursor` of the page before."),
});
export type ListQuery = Static<typeof ListQuery>;

type Reading<T> = { readonly value: T } | { readonly problem: string };

/** @throws ApiError INVALID_PAYLOAD that lists every problem of the query. */
export function readListQuery(query: ListQuery): MessageFilter {
  const problems: FieldProblem[] = [];

  function read<T>(name: keyof ListQuery, parse: (text: string) => Reading<T>): T | undefined {
    const text = query[name];
    if (text === undefined || text === "") return undefined;
    const reading = parse(text.trim());
    if ("value" in reading) return reading.value;
    problems.push({ path: `query:${name}`, message: reading.problem });
    return undefined;
  }

  const filters = {
    status: read("status", oneOf(MESSAGE_STATES)),
    smsType: read("sms_type", oneOf(SMS_TYPES)),
    to: read("to", readNumber),
    provider: read("provider", readProvider),
    batchId: read("batch_id", readUuid),
    customId: read("custom_id", readText),
    dateFrom: read("date_from", (text) => readTime(text, 0)),
    dateTo: read("date_to", (text) => readTime(text, DAY_MS - 1)),
    cursor: read("cursor", readCursor),
  };
  const limit = read("limit", wholeBetween(1, LIMIT_MAX)) ?? LIMIT_DEFAULT;
  const offset = read("offset", wholeBetween(0, OFFSET_MAX)) ?? 0;
  if (offset > 0 && filters.cursor !== undefined) {
    problems.push({ path: "query:offset", message: "cannot be combined with cursor" });
  }
  if (problems.length > 0) throw refuseQuery(problems);
  return { ...withoutUndefined(filters), limit, offset };
}

/** The refusal of a query, with every problem of it. */
export function refuseQuery(problems: readonly FieldProblem[]): ApiError {
  const message = "The query failed validation; details.errors lists every problem.";
  return new ApiError("INVALID_PAYLOAD", { message, details: { errors: problems } });
}

/** Only its form: whether it is one of ours is known where cursors are made. */
function readCursor(text: string): Reading<string> {
  return /^[A-Za-z0-9_-]{1,64}$/.test(text) ? { value: text } : { problem: "is no cursor of this list" };
}

function oneOf<const T extends string>(choices: readonly T[]): (text: string) => Reading<T> {
  return (text) => {
    const value = choices.find((choice) => choice === text.toLowerCase());
    return value === undefined ? { problem: `must be one of ${choices.join(", ")}` } : { value };
  };
}

function wholeBetween(min: number, max: number): (text: string) => Reading<number> {
  return (text) => {
    const value = Number(text);
    const isInside = /^\d{1,9}$/.test(text) && value >= min && value <= max;
    return isInside ? { value } : { problem: `must be a whole number from ${min} to ${max}` };
  };
}

/** A `+` that was not escaped arrives as a space, which `shapeRecipientNumber` drops: digits are international anyway. */
function readNumber(text: string): Reading<string> {
  const shaped = shapeRecipientNumber(text, {});
  return shaped.ok ? { value: shaped.number } : { problem: shaped.problem };
}

function readText(value: string): Reading<string> {
  return hasForbiddenCharacters(value) ? { problem: "holds characters that cannot be stored" } : { value };
}

function readProvider(text: string): Reading<ProviderName> {
  const value = findProviderName(text);
  return value === undefined ? { problem: "is no provider" } : { value };
}

function readUuid(text: string): Reading<string> {
  const isUuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);
  return isUuid ? { value: text.toLowerCase() } : { problem: "must be a UUID" };
}

/** @param restMs added to a day that is given without a time. */
function readTime(text: string, restMs: number): Reading<Date> {
  const problem = "must be a time in ISO 8601, such as 2026-01-31T00:00:00Z, or a day";
  const form = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?$/.exec(text);
  if (form === null) return { problem };
  const [, time, , , zone] = form;
  const value = new Date(time !== undefined && zone === undefined ? `${text}Z` : text);
  if (Number.isNaN(value.getTime())) return { problem };
  return { value: time === undefined ? new Date(value.getTime() + restMs) : value };
}

function withoutUndefined<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> };
function withoutUndefined(fields: object): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
