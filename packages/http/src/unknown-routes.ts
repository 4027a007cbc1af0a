import { ApiError } from "@sms-gateway/contracts";
import type { FastifyInstance } from "fastify";
import fp from "fastify-plugin";

/**
 * Unknown addresses: 404 in the error shape; a known address with another method: 405 with `Allow`. Register before the
 * routes, since it learns them as they are added.
 */
export const unknownRoutes = fp(
  async (app: FastifyInstance) => {
    const known: { pattern: RegExp; methods: readonly string[] }[] = [];
    app.addHook("onRoute", (route) => {
      known.push({ pattern: toPattern(route.url), methods: [route.method].flat().map((name) => name.toUpperCase()) });
    });
    app.setNotFoundHandler((request, reply) => {
      const path = pathOf(request.url);
      const allowed = new Set(known.filter((route) => route.pattern.test(path)).flatMap((route) => route.methods));
      // The method itself may be known when the address differs in what the pattern does not look at, as a last slash.
      if (allowed.size === 0 || allowed.has(request.method)) {
        throw new ApiError("NOT_FOUND", { message: "There is no such address; see /docs." });
      }
      reply.header("allow", [...allowed].sort().join(", "));
      throw new ApiError("METHOD_NOT_ALLOWED");
    });
  },
  { name: "unknown-routes", dependencies: ["error-handler"] },
);

function pathOf(url: string): string {
  const path = url.split("?", 1)[0] ?? "/";
  return path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path;
}

/** Fastify's path syntax as a regular expression: `:name` is one segment, with its own expression if one is given; `*` is the rest. */
function toPattern(url: string): RegExp {
  const parts = url.split(/(:[A-Za-z_]+(?:\(\^?[^()]*?\$?\))?)/);
  const source = parts.map((part, index) => (index % 2 === 1 ? segmentPattern(part) : literalPattern(part)));
  return new RegExp(`^${source.join("")}$`);
}

function segmentPattern(part: string): string {
  const own = /\(\^?(.*?)\$?\)$/.exec(part)?.[1];
  return own === undefined ? "[^/]+" : `(?:${own})`;
}

function literalPattern(part: string): string {
  return part.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*");
}
