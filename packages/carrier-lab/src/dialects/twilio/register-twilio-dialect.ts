import formbody from "@fastify/formbody";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { authenticate } from "./authenticate.ts";
import { createMessage } from "./create-message.ts";
import { listTwilioMessages } from "./list-messages.ts";
import { parseListQuery } from "./parse-list-query.ts";
import { parseSendForm } from "./parse-send-form.ts";
import type { TwilioDialectDeps } from "./twilio-dialect-deps.ts";
import { fromHttpStatus, notFound, sendTwilioError, TWILIO_ERRORS } from "./twilio-error.ts";
import { API_VERSION, formatTwilioMessage } from "./twilio-message.ts";

interface AccountRoute {
  Params: { accountSid: string };
}
interface MessageRoute {
  Params: { accountSid: string; messageSid: string };
}

/** Messages of Twilio's REST API: https://www.twilio.com/docs/messaging/api/message-resource */
export async function registerTwilioDialect(app: FastifyInstance, deps: TwilioDialectDeps): Promise<void> {
  app.removeAllContentTypeParsers();
  await app.register(formbody);
  app.setErrorHandler((error, request, reply) => {
    const status = error instanceof Error && "statusCode" in error ? Number(error.statusCode) : 500;
    if (status >= 500) request.log.error({ event: "lab.twilio_failed", err: error });
    const message = status >= 500 || !(error instanceof Error) ? "Internal Server Error" : error.message;
    return sendTwilioError(reply, fromHttpStatus(status, message));
  });
  app.setNotFoundHandler(sendNotFound);

  const path = `/${API_VERSION}/Accounts/:accountSid/Messages`;

  app.post<AccountRoute>(`${path}.json`, async (request, reply) => {
    const account = authenticate(deps.accounts, request.params.accountSid, request.headers.authorization);
    if (account === null) return sendTwilioError(reply, TWILIO_ERRORS.authenticate);
    const parsed = parseSendForm(request.body);
    if (!parsed.ok) return sendTwilioError(reply, parsed.error);
    const result = await createMessage(deps, account, parsed.form);
    if ("created" in result) return reply.code(201).send(result.created);
    if ("unanswered" in result) {
      reply.hijack();
      if (result.unanswered === "silence") deps.silentRequests.hold(request.raw.socket);
      else request.raw.socket.resetAndDestroy();
      return;
    }
    if (result.retryAfterSeconds !== null) reply.header("Retry-After", String(result.retryAfterSeconds));
    return sendTwilioError(reply, result.error);
  });

  app.get<AccountRoute>(`${path}.json`, async (request, reply) => {
    const account = authenticate(deps.accounts, request.params.accountSid, request.headers.authorization);
    if (account === null) return sendTwilioError(reply, TWILIO_ERRORS.authenticate);
    const query = parseListQuery(request.query);
    if (!("invalidParameter" in query)) return listTwilioMessages(account.accountSid, deps.messages.values(), query);
    const message = `Invalid value of parameter ${query.invalidParameter}`;
    return sendTwilioError(reply, { status: 400, code: 20001, message });
  });

  app.get<MessageRoute>(`${path}/:messageSid(^[A-Za-z0-9]+).json`, async (request, reply) => {
    const account = authenticate(deps.accounts, request.params.accountSid, request.headers.authorization);
    if (account === null) return sendTwilioError(reply, TWILIO_ERRORS.authenticate);
    const message = deps.messages.get(request.params.messageSid);
    if (message?.accountSid !== account.accountSid) return sendNotFound(request, reply);
    return formatTwilioMessage(message);
  });
}

/** Twilio names the resource without what stands before its API version. */
function sendNotFound(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const path = request.url.replace(/\?.*$/s, "");
  return sendTwilioError(reply, notFound(path.slice(Math.max(0, path.indexOf(`/${API_VERSION}`)))));
}
