import { createHash, timingSafeEqual } from "node:crypto";
import type { FastifyReply, FastifyRequest } from "fastify";

export interface LabAccessOptions {
  labToken: string;
  trustNetwork: boolean;
}

/**
 * Guards the lab's own routes, which show texts: from this machine they are open, from elsewhere they need the lab token
 * unless the network itself is trusted.
 */
export function createLabAccessGuard(options: LabAccessOptions) {
  const expected = digest(`Bearer ${options.labToken}`);
  return async function requireLabAccess(
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<FastifyReply | undefined> {
    // The socket's own address: a forwarded header would let anybody claim to be local.
    if (options.trustNetwork || isLoopback(request.socket.remoteAddress ?? "")) return;
    if (timingSafeEqual(digest(request.headers.authorization ?? ""), expected)) return;
    const message = "Authorization: from another machine the lab asks for 'Bearer <LAB_TOKEN>'.";
    return reply.code(401).header("WWW-Authenticate", "Bearer").send({ error_code: "UNAUTHORIZED", message });
  };
}

function isLoopback(address: string): boolean {
  return address === "::1" || /^(::ffff:)?127\./.test(address);
}

/** Equal length for any input, as the comparison in constant time needs it. */
function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
