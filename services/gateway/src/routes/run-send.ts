import { isIP } from "node:net";
import type { SendAnswer } from "@sms-gateway/contracts";
import type { FastifyReply, FastifyRequest } from "fastify";
import { LimitedError } from "../messages/limited-error.ts";
import { type GivenIdempotencyKey, type SendCall, type SendDeps, sendMessages } from "../messages/send-messages.ts";
import { callerOf } from "../plugins/authenticate.ts";
import { setLimitHeaders } from "../plugins/limit-headers.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Tracking id of the acceptance, for the request log. */
    trackingId: string | undefined;
  }
}

/** What a route that sends has found in its request. */
export interface SendRouteCall extends Pick<SendCall, "route" | "body" | "problems" | "fieldNames"> {
  /** A key that the body carries; the header goes first. */
  readonly idempotencyKey?: GivenIdempotencyKey | undefined;
}

const USER_AGENT_LENGTH_MAX = 512;

/** What the routes that send have in common: the request's facts go in, the headers about replay and limits come out. */
export async function runSend(
  deps: SendDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  call: SendRouteCall,
): Promise<SendAnswer> {
  try {
    const { answer, replayed, limits } = await sendMessages(deps, {
      caller: callerOf(request),
      route: call.route,
      sentBody: request.body,
      body: call.body,
      problems: call.problems,
      fieldNames: call.fieldNames,
      idempotencyKey: readIdempotencyHeader(request) ?? call.idempotencyKey,
      request: {
        id: request.id,
        ip: readAddress(request),
        user_agent: request.headers["user-agent"]?.slice(0, USER_AGENT_LENGTH_MAX) ?? null,
        bytes: request.bodyBytes,
      },
    });
    setLimitHeaders(reply, limits);
    if (replayed) reply.header("idempotent-replayed", "true");
    request.trackingId = answer.tracking_id;
    return answer;
  } catch (error) {
    if (error instanceof LimitedError) setLimitHeaders(reply, error.limits);
    throw error;
  }
}

function readIdempotencyHeader(request: FastifyRequest): GivenIdempotencyKey | undefined {
  const value = request.headers["idempotency-key"];
  if (value === undefined) return undefined;
  return { value: Array.isArray(value) ? value.join(", ") : value, path: "header:Idempotency-Key" };
}

/** A trusted proxy may have written anything into X-Forwarded-For; what is no address is not kept. */
function readAddress(request: FastifyRequest): string {
  return isIP(request.ip) === 0 ? (request.socket.remoteAddress ?? "") : request.ip;
}
