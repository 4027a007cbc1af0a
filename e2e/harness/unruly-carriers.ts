import { once } from "node:events";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";

/**
 * How one account's carrier takes submits: `works`; `slow`: the same after a while; `silent`: never answers and sends nothing; `deaf`: sends, and the
 * answer gets lost; `down`: answers 503 and sends nothing. Everything but submits always works.
 */
export type CarrierMood = "works" | "slow" | "silent" | "deaf" | "down";

/** Stands between the worker and the lab, so that one provider's carrier can fail while the others work. */
export interface UnrulyCarriers {
  /** To be the worker's `LAB_URL`. */
  readonly url: string;
  setLab(labUrl: string): void;
  /** From now on, for one account or for all. Whatever hangs at that moment stays unanswered. */
  setMood(mood: CarrierMood, accountSid?: string): void;
  /** The account of the last submit that came. */
  lastAccount(): string | undefined;
  /** Submits that came so far, of one account or of all. */
  countSubmits(accountSid?: string): number;
  /** The most submits that were under way at a time. */
  mostOpen(): number;
  close(): Promise<void>;
}

const SLOW_MS = 250;
const SUBMIT = /\/Accounts\/(\w+)\/Messages\.json$/;

/** Opens it on a free port. */
export async function openUnrulyCarriers(): Promise<UnrulyCarriers> {
  const moods = new Map<string, CarrierMood>();
  const submits = new Map<string, number>();
  let moodOfAll: CarrierMood = "works";
  let labUrl = "";
  let last: string | undefined;
  let open = 0;
  let mostOpen = 0;
  const server = createServer((incoming, answer) => {
    const { pathname } = new URL(incoming.url ?? "/", "http://lab");
    const accountSid = incoming.method === "POST" ? SUBMIT.exec(pathname)?.[1] : undefined;
    if (accountSid === undefined) return passOn(labUrl, incoming, answer);
    last = accountSid;
    submits.set(accountSid, (submits.get(accountSid) ?? 0) + 1);
    open += 1;
    mostOpen = Math.max(mostOpen, open);
    answer.once("close", () => {
      open -= 1;
    });
    const mood = moods.get(accountSid) ?? moodOfAll;
    if (mood === "works") passOn(labUrl, incoming, answer);
    else if (mood === "slow") setTimeout(() => passOn(labUrl, incoming, answer), SLOW_MS);
    else if (mood === "deaf") passOn(labUrl, incoming, undefined);
    else {
      incoming.resume();
      if (mood === "down") answer.writeHead(503, { "content-type": "application/json" }).end("{}");
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the carriers have no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    setLab(url) {
      labUrl = url;
    },
    setMood(mood, accountSid) {
      if (accountSid !== undefined) moods.set(accountSid, mood);
      else {
        moods.clear();
        moodOfAll = mood;
      }
    },
    lastAccount: () => last,
    countSubmits: (accountSid) =>
      accountSid === undefined
        ? [...submits.values()].reduce((sum, count) => sum + count, 0)
        : (submits.get(accountSid) ?? 0),
    mostOpen: () => mostOpen,
    async close() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Passes a request on to the lab; its answer goes back unless nobody is to hear it. */
function passOn(labUrl: string, incoming: IncomingMessage, answer: ServerResponse | undefined): void {
  const { method, headers } = incoming;
  const outgoing = request(labUrl + (incoming.url ?? ""), { method, headers }, (response) => {
    if (answer === undefined) return void response.resume();
    answer.writeHead(response.statusCode ?? 502, response.headers);
    response.pipe(answer);
  });
  // A lab that is away looks to the worker like a carrier whose connection breaks.
  outgoing.on("error", () => answer?.destroy());
  incoming.pipe(outgoing);
}
