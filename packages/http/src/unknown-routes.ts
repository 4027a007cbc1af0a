import { ApiError } from "@sms-gateway/contracts";
import type { FastifyInstance } from "fastify";
import fp from "fastify-plugin";

/**
 * Unknown addresses: 404 in the error shape; a known address with another method: 405 with `Allow`. Register before the
 * routes, since it learns them as they are added.
 */
export const unknownRoutes = fp(
  async (app: FastifyInstance) => {
    const known: { pattern: RegExp; methods: Set<string> }[] = [];
    app.addHook("onRoute", (route) => {
      const methods = [route.method].flat().map((method) => method.toUpperCase());
      known.push({ pattern: toPattern(route.url), methods: new Set(methods) });
    });
    app.setNotFoundHandler((request, reply) => {
      const path = request.url.split("?", 1)[0] ?? "/";
      const allowed = new Set(known.filter((k) => k.pattern.test(path)).flatMap((k) => [...k.methods]));
      if (allowed.size === 0) throw new ApiError("NOT_FOUND", { message: "There is no such address; see /docs." });
      reply.header("allow", [...allowed].sort().join(", "));
      throw new ApiError("METHOD_NOT_ALLOWED");
    });
  },
  { name: "unknown-routes", dependencies: ["error-handler"] },
);

/** Fastify's path syntax as a regular expression: `:name` is one segment, `*` is the rest. */
function toPattern(url: string): RegExp {
  const escaped = url.replace(/[.+^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${escaped.replace(/:[A-Za-z_]+/g, "[^/]+").replace(/\*/g, ".*")}/?$`);
}
