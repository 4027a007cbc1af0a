/*
 * Asks Twilio what became of a message: by its sid, or, where the answer with the sid never came, by recipient, sender,
 * text and time in the list of messages.
 *
 * What is documented of that list (https://www.twilio.com/docs/messaging/api/message-resource): filters To, From and
 * DateSent, the last by day in GMT, and pages of at most 1000. There is no field for an id of ours.
 *
 * What is not, or was not verified, and what is done about it: whatever could hide a message makes the search incomplete,
 * so that nobody concludes from it that there is none.
 * - A message that waits in Twilio's queue (up to 10 h) has no DateSent, and may not match a filter on it: not filtered.
 * - The order, and where in it messages without a date stand: the list is read to its end, or it is incomplete.
 * - The From of a Messaging Service's message is unknown until it is sent, and that of a sender name may be replaced: not
 *   filtered; the same text from another sender makes the search incomplete.
 * - The body may differ from what was sent: white space, characters replaced (Smart Encoding), a sentence added (trial
 *   accounts), all of it erased (redaction). A body that is empty, or holds the text's letters and digits, makes the
 *   search incomplete.
 * - How soon a message is in the list: `search.settleSeconds` of the capabilities, for the caller to wait.
 */
import type { Twilio } from "twilio";
import type { ExchangeLimits, ExchangeResult } from "../http-exchange.ts";
import type { FoundMessage, ProviderError, ReadResult, SearchQuery, SearchResult } from "../provider.ts";
import { isMessagingService, type TwilioConfig } from "./config.ts";
import { describeRefusal } from "./errors.ts";
import type { CallTrace, TwilioSdk } from "./http-client.ts";
import { isMessageSid, type MessageInstance, readErrorCode, readFoundMessage } from "./message-resource.ts";

/** Twilio's default; a page of the longest texts stays below what an answer may have. */
const PAGE_SIZE = 50;

/** 500 messages to one recipient; at 0.2 s a page, 2 s. Who has got more cannot be searched completely. */
const PAGES_MAX = 10;

/** More of one text to one recipient within minutes are a flood; which of them is whose, nobody can tell. */
const FOUND_MAX = 20;

/** Between our clock and Twilio's, and between its taking a request and its making the message, in ms. */
const CLOCK_MARGIN_MS = 30_000;

/** Lists the messages that may be the one sought. @throws Error when the SDK makes no request at all: our own fault. */
export async function searchTwilio(
  sdk: TwilioSdk,
  config: TwilioConfig,
  query: SearchQuery,
  limits: ExchangeLimits,
): Promise<SearchResult> {
  const trace: CallTrace = {};
  try {
    return await listMatches(sdk.openCall(limits, trace), query, query.from ?? config.sender);
  } catch (error) {
    return { result: "unavailable", error: describeFailure(trace.ended, error) };
  }
}

/** Reads one message. @throws Error when the SDK makes no request at all: our own fault. */
export async function readTwilioMessage(sdk: TwilioSdk, sid: string, limits: ExchangeLimits): Promise<ReadResult> {
  if (!isMessageSid(sid)) return { result: "not_found" };
  const trace: CallTrace = {};
  try {
    const message = readFoundMessage(await sdk.openCall(limits, trace).messages(sid).fetch());
    if (message?.providerMessageId === sid) return { result: "found", message };
    return { result: "unavailable", error: UNREADABLE };
  } catch (error) {
    const { ended } = trace;
    const isUnknown = ended?.kind === "answered" && ended.status === 404 && codeOf(error) === NOT_FOUND_CODE;
    return isUnknown ? { result: "not_found" } : { result: "unavailable", error: describeFailure(ended, error) };
  }
}

/** Beside HTTP 404. A 404 without it is some server's on the way to Twilio, which knows nothing of messages. */
const NOT_FOUND_CODE = 20_404;

const UNREADABLE: ProviderError = {
  code: "UNREADABLE_ANSWER",
  reason: "Twilio answered with success, but without readable messages",
};

type MessagePage = Pick<Awaited<ReturnType<Twilio["messages"]["page"]>>, "instances" | "nextPage" | "nextPageUrl">;

async function listMatches(client: Twilio, query: SearchQuery, sender: string | undefined): Promise<SearchResult> {
  const found = new Map<string, FoundMessage>();
  let isComplete = true;
  let page: MessagePage = await client.messages.page({ to: query.to, pageSize: PAGE_SIZE });
  for (let pages = 1; ; pages += 1) {
    for (const instance of page.instances) {
      const message = readFoundMessage(instance);
      const match = message === undefined ? undefined : judge(instance, query, sender);
      if (message === undefined || match === undefined) return { result: "unavailable", error: UNREADABLE };
      if (match === "sought") found.set(message.providerMessageId, message);
      if (match === "similar") isComplete = false;
    }
    const next = pages < PAGES_MAX ? page.nextPage() : undefined;
    if (next === undefined) break;
    page = await next;
  }
  const messages = [...found.values()].slice(0, FOUND_MAX);
  // Only the last page that was read may have another behind it.
  return { result: "listed", messages, complete: isComplete && !page.nextPageUrl && found.size <= FOUND_MAX };
}

/** What a message of the list is to the one sought; undefined where it cannot be read. */
function judge(
  instance: MessageInstance,
  query: SearchQuery,
  sender: string | undefined,
): "sought" | "similar" | "other" | undefined {
  const [body, createdAt, direction]: unknown[] = [instance.body, instance.dateCreated, instance.direction];
  if (!(createdAt instanceof Date) || Number.isNaN(createdAt.getTime())) return undefined;
  const createdAtMs = createdAt.getTime();
  const isInTime =
    createdAtMs >= query.sentAfter.getTime() - CLOCK_MARGIN_MS &&
    createdAtMs <= query.sentBefore.getTime() + CLOCK_MARGIN_MS;
  if (!isInTime || direction === "inbound" || !isSameAddress(instance.to, query.to)) return "other";
  if (body === query.text && isFrom(instance, sender)) return "sought";
  return resembles(body, query.text) ? "similar" : "other";
}

function isFrom(instance: MessageInstance, sender: string | undefined): boolean {
  if (sender === undefined) return true;
  return isMessagingService(sender) ? instance.messagingServiceSid === sender : isSameAddress(instance.from, sender);
}

/** Numbers with and without plus are the same. */
function isSameAddress(a: unknown, b: string): boolean {
  return typeof a === "string" && a.replace(/^\+/, "") === b.replace(/^\+/, "");
}

/** Whether a body may be what became of a text: nothing, or its letters and digits with whatever around them. */
function resembles(body: unknown, text: string): boolean {
  return typeof body !== "string" || body === "" || keepLetters(body).includes(keepLetters(text));
}

/** Accents, punctuation and white space are what gets replaced; a text of nothing else resembles everything. */
function keepLetters(text: string): string {
  return text.normalize("NFKD").replace(/[^\p{L}\p{N}]/gu, "");
}

/** In our own words: raw errors quote the request, answers may quote it too. */
function describeFailure(ended: ExchangeResult | undefined, error: unknown): ProviderError {
  if (ended === undefined) {
    throw new Error("The Twilio SDK made no request", { cause: error instanceof Error ? error.name : typeof error });
  }
  if (ended.kind !== "answered") {
    return { code: ended.code, reason: `No whole answer came from Twilio (${ended.code})` };
  }
  return ended.status >= 200 && ended.status < 300 ? UNREADABLE : describeRefusal(ended.status, codeOf(error));
}

function codeOf(error: unknown): number | undefined {
  return error instanceof Error && "code" in error ? readErrorCode(error.code) : undefined;
}
