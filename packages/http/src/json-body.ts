// String.prototype.isWellFormed is in every Node we support (20 and later), but not in the types of es2023.
/// <reference lib="es2024.string" />
import { isUtf8 } from "node:buffer";
import { ApiError } from "@sms-gateway/contracts";
import type { FastifyInstance } from "fastify";
import fp from "fastify-plugin";
import type { FieldProblem } from "./describe-validation.ts";

/** Deepest nesting of a body; our deepest schema needs five levels, `metadata` may use the rest. */
const DEPTH_MAX = 32;
/**
 * Most values (of objects and lists, at any depth) of a body: 1 000 recipients with all their fields and a score of
 * variables each. It bounds the work of whatever walks a body later: validation collects every error, so that a
 * megabyte of wrong list items would cost seconds.
 */
const VALUES_MAX = 25_000;

declare module "fastify" {
  interface FastifyRequest {
    /** Size of the body as received, in bytes. */
    bodyBytes: number;
  }
}

/**
 * Reads JSON bodies, and no others (415). Refuses with 400 what is not UTF-8, not JSON or missing where the route's schema
 * asks for a body; with 422 what is JSON but could do harm later: U+0000 or half a surrogate pair anywhere, keys
 * included, which would poison a database batch (architecture.md 5.1), names that reach an object's prototype, and
 * bodies nested too deep or with too many values.
 */
export const jsonBody = fp(
  async (app: FastifyInstance) => {
    app.removeAllContentTypeParsers();
    app.decorateRequest("bodyBytes", 0);
    app.addContentTypeParser<Buffer>("application/json", { parseAs: "buffer" }, (request, bytes, done) => {
      request.bodyBytes = bytes.length;
      try {
        done(null, parseJsonBody(bytes));
      } catch (error) {
        done(error instanceof Error ? error : new TypeError(String(error)));
      }
    });
    app.addHook("preValidation", (request, _reply, done) => {
      const isMissing = request.body === undefined && request.routeOptions.schema?.body !== undefined;
      done(isMissing ? unreadable("The body is missing: send JSON.") : undefined);
    });
  },
  { name: "json-body" },
);

/** Reads the bytes of a body; an empty one is `undefined`. @throws ApiError INVALID_PAYLOAD, with status 400 or 422. */
function parseJsonBody(bytes: Buffer): unknown {
  if (bytes.length === 0) return undefined;
  if (!isUtf8(bytes)) throw unreadable("The body is not valid UTF-8.");
  const text = bytes.toString("utf8");
  const value = parseJson(text);
  refuseForbidden(value, text.includes("\\u"));
  return value;
}

function parseJson(text: string): unknown {
  try {
    // A byte order mark is what some Windows clients begin with; JSON.parse does not know it.
    return JSON.parse(text.startsWith("\ufeff") ? text.slice(1) : text);
  } catch (cause) {
    throw unreadable("The body is not valid JSON.", cause);
  }
}

function unreadable(message: string, cause?: unknown): ApiError {
  return new ApiError("INVALID_PAYLOAD", { status: 400, message, cause });
}

interface Walk {
  /** False when the text holds no \u escape: raw control characters and surrogates cannot be in valid UTF-8 JSON. */
  readonly checkStrings: boolean;
  values: number;
}

function refuseForbidden(value: unknown, checkStrings: boolean): void {
  const problem = findForbidden({ checkStrings, values: 0 }, value, "", 0);
  if (problem === undefined) return;
  throw new ApiError("INVALID_PAYLOAD", {
    message: `${problem.path} ${problem.message}`,
    details: { errors: [problem] },
  });
}

function findForbidden(walk: Walk, value: unknown, path: string, depth: number): FieldProblem | undefined {
  if (typeof value === "string") {
    return walk.checkStrings && isForbidden(value)
      ? problemAt(path, "contains U+0000 or half a surrogate pair")
      : undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  if (depth >= DEPTH_MAX) return problemAt(path, `is nested deeper than ${DEPTH_MAX} levels`);
  const isList = Array.isArray(value);
  const entries = isList ? value : Object.values(value);
  walk.values += entries.length;
  if (walk.values > VALUES_MAX) return { path: "/", message: `must hold at most ${VALUES_MAX} values` };
  const names = isList ? undefined : Object.keys(value);
  for (const [index, item] of entries.entries()) {
    const name = names?.[index];
    const problem =
      (name === undefined ? undefined : findBadName(walk, name, item, path)) ??
      findForbidden(walk, item, `${path}/${name ?? index}`, depth + 1);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function findBadName(walk: Walk, name: string, item: unknown, path: string): FieldProblem | undefined {
  if (walk.checkStrings && isForbidden(name)) return problemAt(path, "has a name with U+0000 or half a surrogate pair");
  const reaches = name === "__proto__" || (name === "constructor" && reachesPrototype(item));
  return reaches ? problemAt(path, `must not have the name "${name}"`) : undefined;
}

function isForbidden(text: string): boolean {
  return text.includes("\u0000") || !text.isWellFormed();
}

/** A company may be called so, but nobody needs an object with a prototype there. */
function reachesPrototype(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.hasOwn(value, "prototype");
}

/** The path is the client's own text: shown cut, and never with what was found forbidden. */
function problemAt(path: string, message: string): FieldProblem {
  return { path: path === "" ? "/" : path.slice(0, 200), message };
}
