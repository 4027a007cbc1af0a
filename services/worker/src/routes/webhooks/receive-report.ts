import { errorResponses } from "@sms-gateway/http";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { type Static, Type } from "typebox";
import { type RawCallback, type ReceiveCallbackDeps, receiveCallback } from "../../reports/receive-callback.ts";

/** Reports are a few hundred bytes; batches of a provider stay far below this. */
const BODY_BYTES_MAX = 64 * 1024;

const Params = Type.Object({ provider: Type.String({ description: "twilio, aws_sns, plivo, nexmo or clickatell." }) });

/**
 * `POST /webhooks/{provider}/status` (GET for providers that report that way): delivery reports as providers post them.
 * The body is kept byte for byte, because signatures are taken over it.
 */
export async function receiveReportRoute(app: FastifyInstance, deps: ReceiveCallbackDeps): Promise<void> {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "buffer", bodyLimit: BODY_BYTES_MAX }, (_request, body, done) =>
    done(null, body),
  );
  const schema = {
    summary: "Delivery report of a provider",
    description: "In the provider's own format, verified as that provider signs.",
    tags: ["webhooks"],
    params: Params,
    response: {
      200: { type: "null", description: "Taken." },
      204: { type: "null", description: "Taken." },
      ...errorResponses(403, 404, 413, 415, 500, 503),
    },
  } as const;
  app.route<{ Params: Static<typeof Params> }>({
    method: ["GET", "POST"],
    url: "/webhooks/:provider/status",
    schema,
    // Under load most requests are these; what became of a report has a line of its own, and so has every refusal.
    config: { logAtDebug: true },
    handler: async (request, reply) => {
      const provider = await receiveCallback(deps, readCallback(request, request.params.provider));
      // Twilio documents 204 for status callbacks; the others are content with an empty 200.
      return reply.code(provider === "twilio" ? 204 : 200).send();
    },
  });
}

function readCallback(request: FastifyRequest, providerName: string): RawCallback {
  const headers = Object.entries(request.headers).map(([name, value]) => [name, [value].flat()[0]] as const);
  return {
    providerName,
    method: request.method,
    pathAndQuery: request.raw.url ?? request.url,
    headers: Object.fromEntries(headers),
    body: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0),
    requestId: request.id,
  };
}
