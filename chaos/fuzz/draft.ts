import type { Random } from "../random.ts";
import { makeValue } from "./make-value.ts";
import { makeUuid } from "./plausible-values.ts";
import type { Operation } from "./read-operations.ts";

/** What a run has that requests may use; it is another in every run. */
export interface Known {
  readonly nowMs: number;
  /** By what they may do. `operation`'s own key is chosen by `keyFor`. */
  readonly keys: { readonly client: string; readonly stranger: string; readonly admin: string };
  /** Ids of messages that the client has sent. */
  readonly messageIds: readonly string[];
  /** Which key the operation takes; undefined where it needs none. */
  keyFor(operation: Operation): string | undefined;
}

/** A request that is still being made. Tricks change it; then it becomes bytes. */
export interface Draft {
  method: string;
  /** As it goes into the request line, without the query. */
  path: string;
  /** `name=value`, encoded. */
  query: string[];
  headers: [name: string, value: string][];
  /** Becomes JSON; undefined: no body. */
  value: unknown;
  /** Texts that take the place of values which JSON.stringify cannot write, see `putRaw`. */
  raws: string[];
  /** What is done to the body's bytes, in this order. */
  reshapes: ((bytes: Buffer) => Buffer)[];
  /** Statuses that this request may meet beside those that the operation declares. */
  also: number[];
  /** Why the connection may end without an answer. */
  mayBreak: string | undefined;
  /** Whether the server must see another client's address, since wrong keys slow an address down. */
  isStranger: boolean;
}

/** What a trick works with. */
export interface Scene {
  readonly operation: Operation;
  readonly known: Known;
  readonly random: Random;
}

/** What an address may answer that is none of the operation's: its body is read before it is found to be unknown. */
export const UNKNOWN_ADDRESS = [400, 404, 405, 413, 414, 415, 422] as const;

const JSON_TYPE = "application/json";
const PARAMETER_SHARE = 0.25;
const KNOWN_ID_SHARE = 0.5;

/** A valid request for an operation. */
export function draftRequest(scene: Scene): Draft {
  const { operation, known, random } = scene;
  const { schemas, parameters, body } = operation;
  const source = { schemas, random, nowMs: known.nowMs };
  const chosen = parameters.filter(({ isRequired }) => isRequired || random.chance(PARAMETER_SHARE));
  const made = chosen.map(({ place, name, schema }) => ({
    place,
    name,
    value: String(makeValue(source, schema, name)),
  }));
  const inPath = made.filter(({ place }) => place === "path");
  const path = inPath.reduce(
    (filled, { name, value }) => filled.replace(`{${name}}`, fillParameter(scene, name, value)),
    operation.path,
  );
  const key = known.keyFor(operation);
  return {
    method: operation.method,
    path,
    query: made
      .filter(({ place }) => place === "query")
      .map(({ name, value }) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`),
    headers: [
      ...made.filter(({ place }) => place === "header").map(({ name, value }): [string, string] => [name, value]),
      ...(key === undefined ? [] : [["API-Key", key] satisfies [string, string]]),
      ...(body === undefined ? [] : [["Content-Type", JSON_TYPE] satisfies [string, string]]),
    ],
    value: body === undefined ? undefined : makeValue(source, body),
    raws: [],
    reshapes: [],
    // The document does not tell which names an address takes.
    also: inPath.every(({ name, value }) => name === "id" || /^[\w-]+$/.test(value)) ? [] : [...UNKNOWN_ADDRESS],
    mayBreak: undefined,
    isStranger: false,
  };
}

/** Messages that exist say more than those that do not. */
function fillParameter({ known, random }: Scene, name: string, value: string): string {
  if (name === "id" && known.messageIds.length > 0 && random.chance(KNOWN_ID_SHARE))
    return random.pick(known.messageIds);
  if (name === "id") return makeUuid(random);
  return encodeURIComponent(value) || "-";
}

/** Sets a header, whatever it was before. */
export function setHeader(draft: Draft, name: string, value: string): void {
  draft.headers = draft.headers.filter(([other]) => other.toLowerCase() !== name.toLowerCase());
  draft.headers.push([name, value]);
}

/** A value that becomes exactly this text in the body. */
export function putRaw(draft: Draft, text: string): string {
  draft.raws.push(text);
  return rawMark(draft.raws.length - 1);
}

/** The body as JSON text; undefined when there is none. */
export function writeBody({ value, raws, reshapes }: Draft): Buffer | undefined {
  if (value === undefined && reshapes.length === 0) return undefined;
  const json = value === undefined ? "" : JSON.stringify(value);
  // The last first, since it may hold earlier ones.
  const text = raws.reduceRight(
    (written, raw, index) => written.replace(JSON.stringify(rawMark(index)), () => raw),
    json,
  );
  return reshapes.reduce<Buffer>((bytes, reshape) => reshape(bytes), Buffer.from(text));
}

function rawMark(index: number): string {
  return `@raw ${index}@`;
}
