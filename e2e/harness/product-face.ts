import { createSmsClient, type SmsClient } from "@sms-gateway/client";
import type { Service, Settings } from "@sms-gateway/testkit";
import { type Answer, type CallOptions, callHttp } from "./http-calls.ts";
import type { Traces } from "./traces.ts";

/** One text in a handset's inbox. */
export interface InboxText {
  readonly from: string;
  readonly message: string;
  readonly provider: string;
}

export interface PostOptions {
  /** Default: the bootstrapped client's. */
  readonly apiKey?: string;
  readonly idempotencyKey?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The product as its clients see it, in whatever shape it runs. */
export interface ProductFace {
  /** The bootstrapped client's key. */
  readonly apiKey: string;
  readonly client: SmsClient;
  /** The client of another key. */
  clientOf(apiKey: string): SmsClient;
  readonly traces: Traces;
  /** A call of the gateway as it is, without a key. */
  call(path: string, options?: CallOptions): Promise<Answer>;
  /** `POST` to the gateway with a key. */
  post(path: string, body: unknown, options?: PostOptions): Promise<Answer>;
  /** The same to another gateway. */
  postTo(url: string, path: string, body: unknown, options?: PostOptions): Promise<Answer>;
  /** `GET` from the gateway with the bootstrapped client's key, or another. */
  get(path: string, apiKey?: string): Promise<Answer>;
  /** The same from another gateway, with the bootstrapped client's key. */
  getFrom(url: string, path: string): Promise<Answer>;
  /** `POST /api/v1/sms/send`. */
  send(body: unknown, options?: PostOptions): Promise<Answer>;
  /** What the handset has received, oldest first. */
  readInbox(number: string): Promise<InboxText[]>;
  /** Everything that the services have written to their logs. */
  readOutputs(): { readonly name: string; readonly text: string }[];
}

export interface FaceOptions {
  readonly gatewayUrl: string;
  readonly labUrl: string;
  readonly apiKey: string;
  readonly traces: Traces;
  /** The services whose outputs are read; may grow. */
  readonly services: readonly Service[];
}

/** Limits are off, so that only the tests about limits meet them. */
export const WITHOUT_LIMITS: Settings = {
  RATE_LIMIT_PER_SECOND: "0",
  RATE_LIMIT_PER_MINUTE: "0",
  RATE_LIMIT_PER_HOUR: "0",
  DEFAULT_DAILY_QUOTA: "0",
};

/** Calls of a running product. */
export function openFace({ gatewayUrl, labUrl, apiKey, traces, services }: FaceOptions): ProductFace {
  const clientOf = (key: string) => createSmsClient({ baseUrl: gatewayUrl, apiKey: key });
  const postTo: ProductFace["postTo"] = (url, path, body, options = {}) =>
    callHttp(url + path, {
      method: "POST",
      body,
      headers: {
        "api-key": options.apiKey ?? apiKey,
        ...(options.idempotencyKey === undefined ? {} : { "idempotency-key": options.idempotencyKey }),
        ...options.headers,
      },
    });
  return {
    apiKey,
    client: clientOf(apiKey),
    clientOf,
    traces,
    call: (path, options) => callHttp(gatewayUrl + path, options),
    post: (path, body, options) => postTo(gatewayUrl, path, body, options),
    postTo,
    getFrom: (url, path) => callHttp(url + path, { headers: { "api-key": apiKey } }),
    get: (path, key = apiKey) => callHttp(gatewayUrl + path, { headers: { "api-key": key } }),
    send: (body, options) => postTo(gatewayUrl, "/api/v1/sms/send", body, options),
    readInbox: (number) => readInbox(labUrl, number),
    readOutputs: () => services.map(({ name, readOutput }) => ({ name, text: readOutput() })),
  };
}

async function readInbox(labUrl: string, number: string): Promise<InboxText[]> {
  const { status, body } = await callHttp(`${labUrl}/lab/handsets/${encodeURIComponent(number)}`);
  if (status !== 200 || !Array.isArray(body.messages)) throw new Error(`the lab's inbox answered ${status}`);
  return body.messages.map(({ from, message, provider }) => ({ from, message, provider }));
}

/** Starts services together; when one fails, `stop` is called and the error shows what all of them wrote. */
export async function startTogether(services: readonly Service[], stop: () => Promise<void>): Promise<void> {
  const results = await Promise.allSettled(services.map((service) => service.start()));
  const failures = results.flatMap((result) => (result.status === "rejected" ? [result.reason] : []));
  if (failures.length === 0) return;
  const outputs = services.map(({ name, readOutput }) => `--- ${name}\n${readOutput().slice(-4_000)}`);
  await stop();
  throw new AggregateError(failures, [...failures.map(String), ...outputs].join("\n"));
}

/** Of each service's log, shown when a test fails. */
const SHOWN_LINES = 30;

/** Writes the ends of the services' logs to the terminal. */
export function showLogs(product: Pick<ProductFace, "readOutputs">): void {
  for (const { name, text } of product.readOutputs()) {
    const lines = text.trimEnd().split("\n").slice(-SHOWN_LINES);
    process.stderr.write(`--- the end of the log of ${name}\n${lines.join("\n")}\n`);
  }
}
