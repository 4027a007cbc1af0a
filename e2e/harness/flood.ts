import { Agent, request } from "node:http";

/** One request of a flood. */
export interface FloodRequest {
  readonly body: unknown;
  readonly idempotencyKey: string;
}

/** What became of one: its status (0: no answer) and the JSON text of its answer. */
export interface FloodAnswer {
  readonly status: number;
  readonly text: string;
}

export interface FloodOptions {
  readonly url: string;
  readonly apiKey: string;
  readonly connections: number;
  readonly requests: readonly FloodRequest[];
}

const ANSWER_TIMEOUT_MS = 30_000;

/**
 * Posts all requests to `sms/send` as fast as so many kept connections allow, each connection with one request under way.
 * Answers in the order of the requests.
 */
export async function flood({ url, apiKey, connections, requests }: FloodOptions): Promise<FloodAnswer[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections, noDelay: true });
  const answers: FloodAnswer[] = [];
  const left = requests.entries();
  const connection = async (): Promise<void> => {
    for (const [index, { body, idempotencyKey }] of left) {
      answers[index] = await post(agent, url, JSON.stringify(body), { apiKey, idempotencyKey });
    }
  };
  await Promise.all(Array.from({ length: connections }, connection));
  agent.destroy();
  return answers;
}

interface Credentials {
  readonly apiKey: string;
  readonly idempotencyKey: string;
}

function post(agent: Agent, url: string, body: string, { apiKey, idempotencyKey }: Credentials): Promise<FloodAnswer> {
  return new Promise((resolve) => {
    const fail = (error: Error) => resolve({ status: 0, text: error.message });
    const headers = {
      "content-type": "application/json",
      "content-length": Buffer.byteLength(body),
      "api-key": apiKey,
      "idempotency-key": idempotencyKey,
    };
    const options = { agent, method: "POST", headers, timeout: ANSWER_TIMEOUT_MS };
    const outgoing = request(`${url}/api/v1/sms/send`, options, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
      response.on("error", fail);
    });
    outgoing.on("error", fail);
    outgoing.on("timeout", () => outgoing.destroy(new Error(`no answer within ${ANSWER_TIMEOUT_MS} ms`)));
    outgoing.end(body);
  });
}
