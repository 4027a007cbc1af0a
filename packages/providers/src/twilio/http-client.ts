import type { Twilio } from "twilio";
import type { ExchangeLimits, ExchangeRequest, ExchangeResult, HttpExchanger } from "../http-exchange.ts";
import type { TwilioConfig } from "./config.ts";

/** What became of the last request behind a call of the SDK; empty while the SDK has made none. */
export interface CallTrace {
  ended?: ExchangeResult;
}

/** The official SDK over our own HTTP client. */
export interface TwilioSdk {
  /**
   * A client for one call, whose requests obey `limits` together and leave their end in `trace`. One per call, because
   * the SDK has no other way to hand either through; it costs about 10 µs. What it throws may be read for Twilio's error
   * code only: raw errors quote the request.
   */
  openCall(limits: ExchangeLimits, trace: CallTrace): Twilio;
}

/** Loads the SDK, which takes a few hundred ms and 20 MB: on the first submit, not at start. */
export async function loadTwilioSdk(config: TwilioConfig, http: HttpExchanger): Promise<TwilioSdk> {
  const { default: twilio } = await import("twilio");
  const base = new twilio.RequestClient();
  const api = new URL(config.baseUrl);
  const authorization = `Basic ${Buffer.from(`${config.accountSid}:${config.authToken}`).toString("base64")}`;

  return {
    openCall({ timeoutMs, signal }, trace) {
      const endsAtMs = performance.now() + timeoutMs;
      const request = async (options: SdkRequest) => {
        const limits = { timeoutMs: endsAtMs - performance.now(), signal };
        const ended = await http.exchange(toExchangeRequest(options, api, authorization), limits);
        trace.ended = ended;
        if (ended.kind !== "answered") throw new Error(`No answer (${ended.code})`);
        return { statusCode: ended.status, headers: ended.headers, body: ended.body };
      };
      // The SDK asks for its own class; this inherits from one instance of it without building its axios each time.
      const httpClient: InstanceType<typeof twilio.RequestClient> = Object.create(base, {
        request: { value: request },
      });
      return twilio(config.accountSid, config.authToken, { httpClient });
    },
  };
}

/** What the SDK hands to its HTTP client, as far as our calls use it. */
interface SdkRequest {
  readonly method: string;
  readonly uri: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly params?: SdkFields;
  readonly data?: SdkFields;
}

type SdkFields = Readonly<Record<string, string | number | boolean | readonly string[]>>;

/**
 * Only the path comes from the SDK. Its host name does not count: the SDK knows no path prefix (the lab's), and the
 * environment (TWILIO_EDGE, TWILIO_REGION) or the next page's address in an answer could change it.
 */
function toExchangeRequest(options: SdkRequest, api: URL, authorization: string): ExchangeRequest {
  const { pathname, search } = new URL(options.uri);
  // The address of a next page holds its query already; then there are no parameters.
  const query = search === "" && options.params !== undefined ? `?${encodeForm(options.params)}` : search;
  const isRead = options.method.toUpperCase() === "GET";
  return {
    origin: api.origin,
    path: api.pathname.replace(/\/+$/, "") + pathname + query,
    method: isRead ? "GET" : "POST",
    headers: { ...options.headers, Authorization: authorization },
    body: isRead ? "" : encodeForm(options.data ?? {}),
  };
}

/** As the SDK's own client does it: a list becomes a repeated field. */
function encodeForm(data: SdkFields): string {
  const form = new URLSearchParams();
  for (const [name, value] of Object.entries(data)) {
    for (const item of Array.isArray(value) ? value : [value]) form.append(name, String(item));
  }
  return form.toString();
}
