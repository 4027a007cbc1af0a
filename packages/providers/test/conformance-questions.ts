import { randomUUID } from "node:crypto";
import {
  type CallOptions,
  capabilitiesOfAdapter,
  type ProviderAccount,
  type ReadResult,
  type SearchQuery,
  type SearchResult,
} from "@sms-gateway/providers";
import { describe, expect, it, vi } from "vitest";
import {
  BOUND,
  type ConformanceSubject,
  createAccount,
  settleSafely,
  submitSafely,
  TEXT,
  withLimits,
} from "./conformance-subject.ts";
import { startLabWorld } from "./lab-world.ts";
import { answer, findClosedPort, startUnrulyServer } from "./unruly-server.ts";

/** A search or a reading, whatever is asked. */
type Question = (account: ProviderAccount, options?: Partial<CallOptions>) => Promise<SearchResult | ReadResult>;

/** What every adapter must do that can be asked about messages afterwards, by search or by id. */
export function describeQuestions(subject: ConformanceSubject): void {
  const capabilities = capabilitiesOfAdapter(subject.adapter);

  it("can be asked what its capabilities say, and nothing else", () => {
    const account = createAccount(subject, "http://127.0.0.1:9");
    expect(account.capabilities).toEqual(capabilities);
    expect(account.search !== undefined).toBe(capabilities.search !== null);
    expect(account.readMessage !== undefined).toBe(capabilities.readMessage);
  });

  if (capabilities.search !== null) {
    describe("by search", () => {
      describeSearch(subject);
      describeTrouble(subject, (account, options) => searchSafely(subject, account, {}, options));
    });
  }
  if (capabilities.readMessage) {
    describe("by id", () => {
      describeReading(subject);
      describeTrouble(subject, (account, options) => readSafely(subject, account, subject.unknownId, options));
    });
  }
}

function describeSearch(subject: ConformanceSubject): void {
  it.each(["+15005550005", "+15005550017"])("finds what %s has sent although nobody said so", async (to) => {
    const { account, submit, world } = await startWorld(subject);
    expect((await submit({ to })).outcome).toBe("unknown");
    const { messages } = await list(subject, account, { to });
    expect(messages).toHaveLength(1);
    await vi.waitFor(() => expect(world.callbacks).toHaveLength(2), BOUND);
    const reports = world.callbacks.flatMap((callback) => account.parseCallback(callback));
    for (const { providerMessageId } of reports) expect(messages[0]).toMatchObject({ providerMessageId });
  });

  it.each(["+15005550007", "+15005550016", "+15005550018"])("does not find what %s has not sent", async (to) => {
    const { account, submit } = await startWorld(subject);
    expect((await submit({ to })).outcome).toBe("unknown");
    expect(await searchSafely(subject, account, { to })).toEqual({ result: "listed", messages: [], complete: true });
  });

  it("lists every message that could be it, and no other recipient's, text or time", async () => {
    const { account, submit } = await startWorld(subject);
    const ids: string[] = [];
    for (const message of [{}, {}, { text: "Another text" }, { to: "+4915112345678" }]) {
      const result = await submit(message);
      if (result.outcome === "accepted") ids.push(result.providerMessageId);
    }
    const { messages, complete } = await list(subject, account, {});
    expect(new Set(messages.map(({ providerMessageId }) => providerMessageId))).toEqual(new Set(ids.slice(0, 2)));
    expect(complete).toBe(true);
    const hourMs = 3_600_000;
    for (const offsetMs of [-hourMs, hourMs]) {
      const [sentAfter, sentBefore] = [new Date(Date.now() + offsetMs - 1000), new Date(Date.now() + offsetMs)];
      const elsewhen = await list(subject, account, { sentAfter, sentBefore });
      expect(elsewhen).toMatchObject({ messages: [], complete: true });
    }
  });

  it("finds a message of the sender that was named", async () => {
    const { account, submit } = await startWorld(subject);
    const sender = { from: "Shop" };
    expect((await submit(sender)).outcome).toBe("accepted");
    expect((await list(subject, account, sender)).messages).toHaveLength(1);
  });

  it("takes bad credentials as no answer", async () => {
    const { account } = await startWorld(subject, subject.wrongCredentials);
    const result = await searchSafely(subject, account);
    expect(result).toMatchObject({ result: "unavailable", error: { code: subject.codes.wrongCredentials } });
  });
}

function describeReading(subject: ConformanceSubject): void {
  it("reads what became of a message", async () => {
    const { account, submit } = await startWorld(subject);
    const submitted = await submit({});
    if (submitted.outcome !== "accepted") throw new Error("not accepted");
    const { providerMessageId } = submitted;
    await vi.waitFor(async () => {
      const result = await readSafely(subject, account, providerMessageId);
      expect(result).toMatchObject({
        result: "found",
        message: { providerMessageId, status: "delivered", error: null, segments: 1 },
      });
    }, BOUND);
  });

  it("reads why a message was not delivered", async () => {
    const { account, submit } = await startWorld(subject);
    const submitted = await submit({ to: "+15005550002" });
    if (submitted.outcome !== "accepted") throw new Error("not accepted");
    await vi.waitFor(async () => {
      const result = await readSafely(subject, account, submitted.providerMessageId);
      const error = { code: subject.codes.undelivered, reason: expect.stringMatching(/./) };
      expect(result).toMatchObject({ result: "found", message: { status: "undelivered", error } });
    }, BOUND);
  });

  it.each(["+15005550008", "+15005550012"])("reads the state of %s before any report of its end", async (to) => {
    const { account, submit, world } = await startWorld(subject);
    const submitted = await submit({ to });
    if (submitted.outcome !== "accepted") throw new Error("not accepted");
    const result = await readSafely(subject, account, submitted.providerMessageId);
    expect(result).toMatchObject({ result: "found", message: { status: expect.stringMatching(/./) } });
    expect(world.callbacks.length).toBeLessThan(2);
  });

  it("knows no message of an id that the provider does not have", async () => {
    const { account } = await startWorld(subject);
    for (const id of [subject.unknownId, "no-id-of-anybody's", "../../Accounts", ""]) {
      expect(await readSafely(subject, account, id)).toEqual({ result: "not_found" });
    }
  });

  it("takes bad credentials as no answer, not as no message", async () => {
    const { account } = await startWorld(subject, subject.wrongCredentials);
    const result = await readSafely(subject, account, subject.unknownId);
    expect(result).toMatchObject({ result: "unavailable", error: { code: subject.codes.wrongCredentials } });
  });
}

/** Whatever goes wrong is no answer: it neither finds a message nor says that there is none. */
function describeTrouble(subject: ConformanceSubject, ask: Question): void {
  const askAt = (baseUrl: string, options: Partial<CallOptions> = {}) => ask(createAccount(subject, baseUrl), options);

  it("is no answer when nobody listens", async () => {
    const result = await askAt(`http://127.0.0.1:${await findClosedPort()}`);
    expect(result).toMatchObject({ result: "unavailable", error: { code: "ECONNREFUSED" } });
  });

  it("is no answer when time is up", async () => {
    const server = await startUnrulyServer(() => {});
    const result = await askAt(`http://${server.host}`, { timeoutMs: 2000 });
    expect(result).toMatchObject({ result: "unavailable", error: { code: "TIMEOUT" } });
    expect(server.requests).toHaveLength(1);
  });

  it.each([401, 403, 404, 429, 500, 503, 307])("is no answer when the server says %i", async (status) => {
    const server = await startUnrulyServer((socket) => socket.write(answer(status, { Location: "/elsewhere" }, "")));
    expect(await askAt(`http://${server.host}`)).toMatchObject({ result: "unavailable" });
    expect(server.requests).toHaveLength(1);
  });

  it.each(subject.rubbish)("is no answer when success comes with %j", async (body) => {
    const server = await startUnrulyServer((socket) => socket.write(answer(200, {}, body)));
    expect(await askAt(`http://${server.host}`)).toMatchObject({
      result: "unavailable",
      error: { code: "UNREADABLE_ANSWER" },
    });
  });

  it("repeats nothing of what it sent, even when the provider does", async () => {
    for (const status of [200, 400, 401, 500]) {
      const server = await startUnrulyServer((socket) => {
        const echo = JSON.stringify({ message: server.requests[0], sid: server.requests[0], code: server.requests[0] });
        socket.write(answer(status, { "X-Echo": TEXT }, echo));
      });
      expect(await askAt(`http://${server.host}`)).toMatchObject({ result: "unavailable" });
      expect(server.requests[0]).not.toBe("");
    }
  });

  it("ends when it is cancelled", async () => {
    const server = await startUnrulyServer(() => {});
    const controller = new AbortController();
    const asked = askAt(`http://${server.host}`, { signal: controller.signal });
    await vi.waitFor(() => expect(server.requests).toHaveLength(1), BOUND);
    controller.abort();
    expect(await asked).toMatchObject({ result: "unavailable", error: { code: "CANCELED" } });
  });

  it("opens no connection when it is cancelled already, or the account stopped", async () => {
    const server = await startUnrulyServer(() => {});
    const account = createAccount(subject, `http://${server.host}`);
    const canceled = await ask(account, { signal: AbortSignal.abort() });
    expect(canceled).toMatchObject({ result: "unavailable", error: { code: "CANCELED" } });
    await account.stop?.();
    expect(await ask(account)).toMatchObject({ result: "unavailable" });
    expect(server.connections()).toBe(0);
  });
}

async function startWorld(subject: ConformanceSubject, credentials = subject.credentials) {
  const world = await startLabWorld();
  const account = createAccount(subject, world.labUrl + subject.labPath, credentials);
  const submit = (message: Parameters<typeof submitSafely>[2]) =>
    submitSafely(subject, account, { callbackUrl: world.callbackUrl(randomUUID()), ...message });
  return { world, account, submit };
}

/** Searches for the message that `submitSafely` submits, within a minute of now. */
function searchSafely(
  subject: ConformanceSubject,
  account: ProviderAccount,
  query: Partial<SearchQuery> = {},
  options: Partial<CallOptions> = {},
): Promise<SearchResult> {
  if (account.search === undefined) throw new Error("cannot be searched");
  const whole: SearchQuery = {
    to: "+15005550006",
    from: null,
    text: TEXT,
    sentAfter: new Date(Date.now() - 60_000),
    sentBefore: new Date(),
    ...query,
  };
  return settleSafely(subject, account.search(whole, withLimits(options)));
}

async function list(subject: ConformanceSubject, account: ProviderAccount, query: Partial<SearchQuery>) {
  const result = await searchSafely(subject, account, query);
  if (result.result !== "listed") throw new Error(`no answer: ${result.error.code}`);
  return result;
}

function readSafely(
  subject: ConformanceSubject,
  account: ProviderAccount,
  providerMessageId: string,
  options: Partial<CallOptions> = {},
): Promise<ReadResult> {
  if (account.readMessage === undefined) throw new Error("cannot be read");
  return settleSafely(subject, account.readMessage(providerMessageId, withLimits(options)));
}
