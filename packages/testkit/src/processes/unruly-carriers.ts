import { once } from "node:events";
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from "node:http";

/**
 * How a carrier takes a submit: `works`; `slow`: the same after a while; `late`: sends at once, and answers after its
 * first reports; `silent`: never answers and sends nothing; `deaf`: sends, and the answer gets lost; `down`: answers 503
 * and sends nothing; `busy`: answers 429 and sends nothing; `breaks`: sends, and the connection breaks before the answer;
 * `breaks_early`: it breaks before anything was sent; `babbles`: sends, and answers 200 with something else;
 * `babbles_only`: does so and sends nothing. Everything but submits always works.
 */
export type CarrierMood =
  | "works"
  | "slow"
  | "late"
  | "silent"
  | "deaf"
  | "down"
  | "busy"
  | "breaks"
  | "breaks_early"
  | "babbles"
  | "babbles_only";

/** Stands between the worker and the lab, so that one provider's carrier can fail while the others work. */
export interface UnrulyCarriers {
  /** To be the worker's `LAB_URL`. */
  readonly url: string;
  setLab(labUrl: string): void;
  /** From now on, for one account or for all. Whatever hangs at that moment stays unanswered. */
  setMood(mood: CarrierMood, accountSid?: string): void;
  /** From now on each submit of every account meets a mood of its own, drawn when it comes. */
  setMoods(draw: () => CarrierMood): void;
  /** The account of the last submit that came. */
  lastAccount(): string | undefined;
  /** Submits that came so far, of one account or of all. */
  countSubmits(accountSid?: string): number;
  /** The most submits that were under way at a time. */
  mostOpen(): number;
  close(): Promise<void>;
}

const SLOW_MS = 250;
/** Longer than the lab takes from a submit to its last report, unless it is told otherwise. */
const LATE_MS = 1_500;
const BABBLE = "<html><body>It works!</body></html>";
/** Without Nagle's algorithm, and one connection for many submits. */
const AGENT = new Agent({ keepAlive: true, noDelay: true });
const SUBMIT = /\/Accounts\/(\w+)\/Messages\.json$/;

/** Opens it on a free port. */
export async function openUnrulyCarriers(): Promise<UnrulyCarriers> {
  const moods = new Map<string, CarrierMood>();
  const submits = new Map<string, number>();
  let drawMood: () => CarrierMood = () => "works";
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
    const mood = moods.get(accountSid) ?? drawMood();
    takeSubmit(mood, labUrl, incoming, answer);
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
        drawMood = () => mood;
      }
    },
    setMoods(draw) {
      moods.clear();
      drawMood = draw;
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

function takeSubmit(mood: CarrierMood, labUrl: string, incoming: IncomingMessage, answer: ServerResponse): void {
  if (mood === "works" || mood === "late") {
    passOn(labUrl, incoming, answer, mood === "late" ? LATE_MS : 0);
    return;
  }
  if (mood === "slow") {
    setTimeout(() => passOn(labUrl, incoming, answer), SLOW_MS);
    return;
  }
  if (mood === "deaf" || mood === "breaks" || mood === "babbles") passOn(labUrl, incoming, undefined);
  else incoming.resume();
  incoming.once("end", () => {
    if (mood === "down") answer.writeHead(503, { "content-type": "application/json" }).end("{}");
    else if (mood === "busy") answer.writeHead(429, { "content-type": "application/json" }).end('{"code":20429}');
    else if (mood === "babbles" || mood === "babbles_only") answer.writeHead(200).end(BABBLE);
    else if (mood === "breaks" || mood === "breaks_early") incoming.socket.resetAndDestroy();
  });
}

/** Passes a request on to the lab; its answer goes back, after a while if so wanted, unless nobody is to hear it. */
function passOn(labUrl: string, incoming: IncomingMessage, answer: ServerResponse | undefined, afterMs = 0): void {
  const { method, headers } = incoming;
  const outgoing = request(labUrl + (incoming.url ?? ""), { method, headers, agent: AGENT }, (response) => {
    if (answer === undefined) return void response.resume();
    const giveBack = () => {
      answer.writeHead(response.statusCode ?? 502, response.headers);
      response.pipe(answer);
    };
    if (afterMs > 0) setTimeout(giveBack, afterMs);
    else giveBack();
  });
  // A lab that is away looks to the worker like a carrier whose connection breaks.
  outgoing.on("error", () => answer?.destroy());
  incoming.pipe(outgoing);
}
