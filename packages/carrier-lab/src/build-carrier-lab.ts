import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from "fastify";
import { createAccountBook } from "./accounts/account-book.ts";
import { type CallbackSender, createCallbackSender } from "./delivery/callback-sender.ts";
import { createDeliveryEngine, type DeliveryEngine } from "./delivery/delivery-engine.ts";
import { registerTwilioDialect } from "./dialects/twilio/register-twilio-dialect.ts";
import { TWILIO_CALLBACK_POLICY } from "./dialects/twilio/status-callback.ts";
import type { TwilioMessage } from "./dialects/twilio/twilio-message.ts";
import { type InboxStore, openInboxStore } from "./inbox/inbox-store.ts";
import { registerLabRoutes } from "./lab-api/register-lab-routes.ts";
import { createRecentMap } from "./memory/recent-map.ts";
import { createScenarioEngine } from "./scenario/scenario-engine.ts";
import { createSilentRequests } from "./silence/silent-requests.ts";

export interface CarrierLabOptions {
  /** The secret from which all lab accounts follow (`labAccount`), and the key to `/lab/*` from other machines. */
  labToken: string;
  /** JSON lines of everything that handsets received; made if missing, restored if there. One lab per file. */
  inboxFile: string;
  /** Whoever can reach the lab may read `/lab/*` without the token; default false: only this machine may. */
  trustNetwork?: boolean;
  /**
   * From acceptance to delivery, in ms; the report "sent" comes after a quarter of it. The other times of the numbers
   * grow and shrink with it: their seconds are multiples of it. Default 1000.
   */
  deliveryDelayMs?: number;
  /** How long a callback may take to be answered; default: what each vendor documents. */
  callbackTimeoutMs?: number;
  /** Accepted messages not yet delivered and reported; more are refused as "try later", in each dialect's way. Default 100 000. */
  openMessagesMax?: number;
  /** How long a request that gets no answer is held before its connection ends, in ms. Default 60 000. */
  silenceTimeoutMs?: number;
  /** Requests held without an answer at a time; more are refused as "try later", in each dialect's way. Default 1000. */
  silentRequestsMax?: number;
  /** Default: silent. */
  logger?: FastifyBaseLogger;
}

/** State of messages is kept for at most this many, and at most this long; then a dialect no longer knows the message. */
const MESSAGES_KEPT_MAX = 100_000;
const MESSAGES_KEPT_MS = 60 * 60 * 1000;

/** Bounds memory; a second's worth of anything that one lab can take is far below. */
const OPEN_MESSAGES_MAX = 100_000;

/** Longer than any sender waits for an answer; who has not gone by then is let go, so that no socket is held for good. */
const SILENCE_TIMEOUT_MS = 60_000;

/** Each holds a socket. Far more than a gateway keeps in flight to one provider. */
const SILENT_REQUESTS_MAX = 1000;

/** Texts of inboxes kept in memory; older ones are read from the file. */
const INBOX_MEMORY_BYTES_MAX = 64 * 1024 * 1024;

/** How long closing waits for the reports of messages that were under way. */
const LAST_REPORTS_TIMEOUT_MS = 2000;

/**
 * Builds the fake carrier world: a server that answers as the carriers' APIs do (Twilio's under `/twilio` so far), lets
 * the recipient's number decide what happens, reports back, and shows what handsets received under `/lab`.
 *
 * The caller listens and closes. Closing lets everything accepted happen at once (inboxes, then reports, the latter for
 * two seconds at most), so a restarted lab loses no accepted text; counts and message resources do not survive it.
 * @throws what the file system says, when the inbox file cannot be opened or read
 */
export async function buildCarrierLab(options: CarrierLabOptions): Promise<FastifyInstance> {
  const app: FastifyInstance = Fastify({
    ...(options.logger === undefined ? { logger: false } : { loggerInstance: options.logger }),
    // A line per submit and per report would be most of the lab's work under load; faults are logged by the error handlers.
    logController: new LogController({ disableRequestLogging: true }),
  });
  const inbox = await openInboxStore({
    file: options.inboxFile,
    logger: app.log,
    memoryBytesMax: INBOX_MEMORY_BYTES_MAX,
  });
  const callbacks = createCallbackSender(app.log);
  const deliveries = createDeliveryEngine({
    deliveryDelayMs: options.deliveryDelayMs ?? 1000,
    openMessagesMax: options.openMessagesMax ?? OPEN_MESSAGES_MAX,
  });
  const silentRequests = createSilentRequests({
    timeoutMs: options.silenceTimeoutMs ?? SILENCE_TIMEOUT_MS,
    requestsMax: options.silentRequestsMax ?? SILENT_REQUESTS_MAX,
  });
  app.addHook("onClose", () => stopWorld({ deliveries, callbacks, inbox }));
  // Or the connection of a submit in flight would outlive its answer, or wait for one, and hold up the close.
  let closing = false;
  app.addHook("preClose", async () => {
    closing = true;
    silentRequests.close();
  });
  app.addHook("onSend", async (_request, reply) => {
    if (closing) reply.header("connection", "close");
  });

  app.setErrorHandler((error, request, reply) => {
    const status = error instanceof Error && "statusCode" in error ? Number(error.statusCode) : 500;
    if (status < 500 && error instanceof Error) {
      return reply.code(status).send({ error_code: "INVALID_PAYLOAD", message: error.message });
    }
    request.log.error({ event: "lab.failed", err: error });
    return reply.code(500).send({ error_code: "INTERNAL_ERROR", message: "The lab failed; its log says why." });
  });
  app.setNotFoundHandler((_request, reply) =>
    reply.code(404).send({ error_code: "NOT_FOUND", message: "The lab has no such route." }),
  );
  app.get("/healthz", async () => ({ status: "ok" }));

  const access = { labToken: options.labToken, trustNetwork: options.trustNetwork ?? false };
  await app.register(async (scope) => registerLabRoutes(scope, { ...access, inbox }), { prefix: "/lab" });

  const recent = { now: () => performance.now() };
  const twilio = {
    accounts: createAccountBook(options.labToken),
    scenarios: createScenarioEngine({ ...recent, messagesMax: MESSAGES_KEPT_MAX, rememberedMs: MESSAGES_KEPT_MS }),
    deliveries,
    callbacks,
    callbackPolicy: {
      ...TWILIO_CALLBACK_POLICY,
      ...(options.callbackTimeoutMs === undefined ? {} : { answerTimeoutMs: options.callbackTimeoutMs }),
    },
    inbox,
    silentRequests,
    messages: createRecentMap<TwilioMessage>({ ...recent, entriesMax: MESSAGES_KEPT_MAX, lifeMs: MESSAGES_KEPT_MS }),
  };
  await app.register(async (scope) => registerTwilioDialect(scope, twilio), { prefix: "/twilio" });
  return app;
}

interface World {
  deliveries: DeliveryEngine;
  callbacks: CallbackSender;
  inbox: InboxStore;
}

async function stopWorld({ deliveries, callbacks, inbox }: World): Promise<void> {
  await deliveries.close(LAST_REPORTS_TIMEOUT_MS);
  await callbacks.close();
  await inbox.close();
}
