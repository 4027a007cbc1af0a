import type {
  AcceptedMessageView,
  MessageList,
  MessageState,
  MessageView,
  ProviderName,
  SendAnswer,
  SendRequest,
  SmsType,
} from "@sms-gateway/contracts";
import { type ApiAddress, callApi } from "./call-api.ts";
import { isFinal } from "./final-states.ts";
import { mayRetry, pause, retryCalls } from "./retry-calls.ts";
import { SmsApiError } from "./sms-api-error.ts";

export interface SmsClientOptions {
  /** Where the gateway is, such as `http://localhost:8001`; a path in front of `/api` is kept. */
  readonly baseUrl: string;
  readonly apiKey: string;
  /** For one try of one call; default 10 000. A send may rightly take 5 s. */
  readonly timeoutMs?: number;
  /** Tries after the first; default 3. */
  readonly retries?: number;
}

export interface SendOptions {
  /** 1 to 255 characters of `A–Z a–z 0–9 . _ : -`; a new one is made for every `send` that names none. */
  readonly idempotencyKey?: string;
}

/** Which messages to list, newest first. */
export interface ListMessagesQuery {
  readonly status?: MessageState;
  readonly sms_type?: SmsType;
  readonly to?: string;
  readonly provider?: ProviderName;
  readonly batch_id?: string;
  readonly custom_id?: string;
  /** ISO 8601, like `date_to`. */
  readonly date_from?: string;
  readonly date_to?: string;
  /** At most 500. */
  readonly limit?: number;
  readonly offset?: number;
  /** `next_cursor` of the page before. */
  readonly cursor?: string;
}

export interface WaitOptions {
  /** Default 60 000. */
  readonly timeoutMs?: number;
}

/** The API of one client. Every call throws `SmsApiError`. */
export interface SmsClient {
  /**
   * Sends one message to one recipient or to many. Repeats the request with the same Idempotency-Key while the service is
   * unavailable or no answer comes, so it is accepted once at the most.
   */
  send(request: SendRequest, options?: SendOptions): Promise<SendAnswer>;
  /** A message with its attempts and events; only its id and status while it is not recorded yet. */
  getMessage(id: string): Promise<MessageView | AcceptedMessageView>;
  listMessages(query?: ListMessagesQuery): Promise<MessageList>;
  /** Cancels a message that is scheduled or queued; any other is a `CONFLICT`. Not repeated by itself. */
  cancelMessage(id: string): Promise<MessageView>;
  /**
   * Polls until nobody works on the message any longer; an outage meanwhile only delays that.
   * @throws SmsApiError `NOT_FINAL_IN_TIME`, with the last status seen in `details.status`
   */
  waitForFinal(id: string, options?: WaitOptions): Promise<MessageView>;
}

const TIMEOUT_MS = 10_000;
const RETRIES = 3;
const WAIT_TIMEOUT_MS = 60_000;
/** A message is delivered in a second or two, or it takes long: polling starts at the first pace and slows down. */
const POLL_FIRST_MS = 100;
const POLL_CAP_MS = 2_000;

/**
 * Makes a client of the HTTP API, for Node 20 and for browsers.
 * @throws TypeError that names the option that cannot be used
 */
export function createSmsClient(options: SmsClientOptions): SmsClient {
  const address = readAddress(options);
  const retries = readWhole("retries", options.retries ?? RETRIES, 0);
  const get = (path: string) => retryCalls(retries, () => callApi(address, { method: "GET", path }));

  return {
    async send(request, { idempotencyKey = makeIdempotencyKey() } = {}) {
      const call = { method: "POST", path: "/api/v1/sms/send", body: request, idempotencyKey } as const;
      try {
        return readAnswer<SendAnswer>(await retryCalls(retries, () => callApi(address, call)));
      } catch (error) {
        throw error instanceof SmsApiError ? error.withFacts({ idempotencyKey }) : error;
      }
    },
    async getMessage(id) {
      return readAnswer<MessageView | AcceptedMessageView>(await get(pathOf(id)));
    },
    async listMessages(query = {}) {
      const search = new URLSearchParams();
      for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, String(value));
      return readAnswer<MessageList>(await get(`/api/v1/sms${search.size === 0 ? "" : `?${search}`}`));
    },
    async cancelMessage(id) {
      return readAnswer<MessageView>(await callApi(address, { method: "POST", path: `${pathOf(id)}/cancel` }));
    },
    waitForFinal(id, { timeoutMs = WAIT_TIMEOUT_MS } = {}) {
      const call = { method: "GET", path: pathOf(id) } as const;
      return pollUntilFinal(async () => readAnswer(await callApi(address, call)), timeoutMs);
    },
  };
}

async function pollUntilFinal(
  read: () => Promise<MessageView | AcceptedMessageView>,
  timeoutMs: number,
): Promise<MessageView> {
  const endsAtMs = performance.now() + timeoutMs;
  let lastStatus: MessageState | undefined;
  let lastError: SmsApiError | undefined;
  for (let pauseMs = POLL_FIRST_MS; ; pauseMs = Math.min(POLL_CAP_MS, pauseMs * 1.5)) {
    try {
      const message = await read();
      lastStatus = message.status;
      if ("attempts" in message && isFinal(message.status)) return message;
    } catch (error) {
      if (!mayRetry(error)) throw error;
      lastError = error;
    }
    const leftMs = endsAtMs - performance.now();
    if (leftMs <= 0) throw notFinalInTime(timeoutMs, lastStatus, lastError);
    await pause(Math.min(pauseMs, leftMs));
  }
}

function notFinalInTime(timeoutMs: number, status: MessageState | undefined, cause: unknown): SmsApiError {
  const seen = status === undefined ? "it could not be read" : `it is "${status}"`;
  return new SmsApiError({
    status: 0,
    code: "NOT_FINAL_IN_TIME",
    message: `The message came to no end within ${timeoutMs} ms; ${seen}.`,
    details: { status: status ?? null },
    cause,
  });
}

function pathOf(id: string): string {
  return `/api/v1/sms/${encodeURIComponent(id)}`;
}

/** Gives an answer the type that the contract promises for its route; `callApi` has made sure that it is an object. */
function readAnswer<Answer>(body: unknown): Answer {
  return body as Answer;
}

function readAddress({ baseUrl, apiKey, timeoutMs = TIMEOUT_MS }: SmsClientOptions): ApiAddress {
  if (!URL.canParse(baseUrl) || !/^https?:$/.test(new URL(baseUrl).protocol)) {
    throw new TypeError("baseUrl must be an http or https URL");
  }
  // What a header cannot carry would fail every call with an error that does not name the key.
  if (!/^[\x21-\x7e]+$/.test(apiKey)) throw new TypeError("apiKey must be visible ASCII characters");
  return { baseUrl: baseUrl.replace(/\/+$/, ""), apiKey, timeoutMs: readWhole("timeoutMs", timeoutMs, 1) };
}

function readWhole(name: string, value: number, min: number): number {
  if (Number.isSafeInteger(value) && value >= min) return value;
  throw new TypeError(`${name} must be a whole number from ${min}`);
}

/** Not `randomUUID`: browsers have that only on pages that came over https. */
function makeIdempotencyKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
