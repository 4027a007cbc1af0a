import { isUtf8 } from "node:buffer";
import { ApiError } from "@sms-gateway/contracts";
import type { FastifyInstance } from "fastify";
import fp from "fastify-plugin";

/** Deepest nesting of a body; our deepest schema needs five levels, `metadata` may use the rest. */
const DEPTH_MAX = 32;

/**
 * Reads JSON bodies. Refuses with 400 what is not UTF-8 or not JSON (prototype names included), and with 422 what would
 * poison a database batch later: U+0000 or a lone surrogate anywhere, keys included (architecture.md 5.1).
 */
export const jsonBody = fp(
  async (app: FastifyInstance) => {
    const parse = app.getDefaultJsonParser("error", "error");
    app.removeContentTypeParser("application/json");
    app.addContentTypeParser("application/json", { parseAs: "buffer" }, (request, body, done) => {
      const bytes = body as Buffer;
      request.bodyBytes = bytes.length;
      if (!isUtf8(bytes)) return done(notJson("The body is not valid UTF-8."));
      const text = bytes.toString("utf8");
      parse(request, text, (error, value) => {
        if (error !== null) return done(notJson("The body is not valid JSON."));
        const problem = findForbidden(value, text.includes("\\u"));
        return problem === undefined ? done(null, value) : done(problem);
      });
    });
    app.decorateRequest("bodyBytes", 0);
  },
  { name: "json-body" },
);

function notJson(message: string): ApiError {
  return new ApiError("INVALID_PAYLOAD", { status: 400, message });
}

/** `checkStrings` is false when the text holds no escape: raw control characters and surrogates cannot be in valid UTF-8 JSON. */
function findForbidden(root: unknown, checkStrings: boolean): ApiError | undefined {
  const visit = (value: unknown, path: string, depth: number): string | undefined => {
    if (typeof value === "string")
      return checkStrings && isForbidden(value) ? `${path}: contains U+0000 or half a surrogate pair` : undefined;
    if (typeof value !== "object" || value === null) return undefined;
    if (depth >= DEPTH_MAX) return `${path}: is nested deeper than ${DEPTH_MAX} levels`;
    for (const key of Object.keys(value)) {
      if (checkStrings && isForbidden(key)) return `${path}: has a key with U+0000 or half a surrogate pair`;
      const problem = visit((value as Record<string, unknown>)[key], `${path}/${key}`, depth + 1);
      if (problem !== undefined) return problem;
    }
    return undefined;
  };
  const problem = visit(root, "", 0);
  if (problem === undefined) return undefined;
  const [path = "/", message = ""] = problem.split(": ", 2);
  return new ApiError("INVALID_PAYLOAD", {
    message: "The body holds characters or nesting that cannot be stored.",
    details: { errors: [{ path: path === "" ? "/" : path, message }] },
  });
}

function isForbidden(text: string): boolean {
  return text.includes("\u0000") || !text.isWellFormed();
}

declare module "fastify" {
  interface FastifyRequest {
    /** Size of the body as received, in bytes. */
    bodyBytes: number;
  }
}
