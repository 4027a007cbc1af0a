import { randomUUID } from "node:crypto";
import { describe, expect, it, vi } from "vitest";
import { describeQuestions } from "./conformance-questions.ts";
import { BOUND, type ConformanceSubject, createAccount, submitSafely, TEXT } from "./conformance-subject.ts";
import { startLabWorld } from "./lab-world.ts";
import { answer, findClosedPort, startUnrulyServer } from "./unruly-server.ts";

/** What every adapter must do, over real sockets: against the carrier lab, and against servers that misbehave. */
export function describeProvider(subject: ConformanceSubject): void {
  describe(`${subject.adapter} against the carrier lab`, () => describeLab(subject));
  describe(`${subject.adapter} against servers that misbehave`, () => describeTrouble(subject));
  describe(`${subject.adapter}, cancelled`, () => describeCancelling(subject));
  describe(`${subject.adapter}, asked afterwards`, () => describeQuestions(subject));
}

function describeLab(subject: ConformanceSubject): void {
  const start = async (credentials = subject.credentials) => {
    const world = await startLabWorld();
    const account = createAccount(subject, world.labUrl + subject.labPath, credentials);
    const messageKey = randomUUID();
    const submit = (to: string) => submitSafely(subject, account, { to, callbackUrl: world.callbackUrl(messageKey) });
    return { world, account, submit };
  };

  it("is accepted, and the id is the one that reports name", async () => {
    const { world, account, submit } = await start();
    const result = await submit("+15005550006");
    expect(result).toMatchObject({ outcome: "accepted", providerMessageId: expect.stringMatching(/./) });
    await vi.waitFor(() => expect(world.callbacks).toHaveLength(2), BOUND);
    const reports = world.callbacks.flatMap((callback) => account.parseCallback(callback));
    expect(reports.map(({ status, error }) => ({ status, error }))).toEqual([
      { status: "sent", error: null },
      { status: "delivered", error: null },
    ]);
    for (const report of reports) expect(result).toHaveProperty("providerMessageId", report.providerMessageId);
  });

  it("is refused for good with the provider's code", async () => {
    const { submit } = await start();
    const result = await submit("+15005550001");
    expect(result).toMatchObject({ outcome: "rejected", error: { code: subject.codes.invalidNumber } });
    expect(result).toHaveProperty("scope", expect.stringMatching(/^(message|recipient)$/));
  });

  it("is throttled, and accepted when it comes back", async () => {
    const { submit } = await start();
    for (const _ of [1, 2]) {
      expect(await submit("+15005550003")).toEqual({
        outcome: "try_later",
        cause: "throttled",
        error: { code: subject.codes.throttled, reason: expect.any(String) },
      });
    }
    expect(await submit("+15005550003")).toMatchObject({ outcome: "accepted" });
  });

  it.each(["+15005550005", "+15005550007", "+15005550016", "+15005550017", "+15005550018"])(
    "does not know what happened to a message to %s",
    async (to) => {
      const { submit } = await start();
      expect(await submit(to)).toMatchObject({ outcome: "unknown" });
    },
  );

  it("is throttled with the wait that the provider asks for", async () => {
    const { submit } = await start();
    const result = await submit("+15005550004");
    expect(result).toMatchObject({ outcome: "try_later", ...(subject.saysWait ? { retryAfterMs: 2000 } : {}) });
  });

  it("takes bad credentials as the provider's affair, not the message's", async () => {
    const { submit } = await start(subject.wrongCredentials);
    expect(await submit("+15005550006")).toMatchObject({
      outcome: "rejected",
      scope: "provider",
      error: { code: subject.codes.wrongCredentials },
    });
  });

  it("reads why a message was not delivered", async () => {
    const { world, account, submit } = await start();
    await submit("+15005550002");
    await vi.waitFor(() => expect(world.callbacks).toHaveLength(2), BOUND);
    expect(world.callbacks.flatMap((callback) => account.parseCallback(callback)).at(-1)).toMatchObject({
      status: "undelivered",
      error: { code: subject.codes.undelivered, reason: expect.stringMatching(/./) },
    });
  });

  it("verifies repeated reports and reads them alike", async () => {
    const { world, account, submit } = await start();
    await submit("+15005550010");
    await vi.waitFor(() => expect(world.callbacks).toHaveLength(4), BOUND);
    const reports = world.callbacks.map((callback) => {
      expect(account.verifyCallback(callback)).toBe(true);
      return account.parseCallback(callback);
    });
    expect(reports[1]).toEqual(reports[0]);
    expect(reports[3]).toEqual(reports[2]);
  });

  it("refuses a callback that was changed, is unsigned, or is another account's", async () => {
    const { world, account, submit } = await start();
    await submit("+15005550006");
    await vi.waitFor(() => expect(world.callbacks).toHaveLength(2), BOUND);
    const [callback] = world.callbacks;
    if (callback === undefined) throw new Error("no callback");
    expect(account.verifyCallback(callback)).toBe(true);
    const body = Buffer.from(callback.body.toString("latin1").replace(/sent/g, "fail"), "latin1");
    expect(account.verifyCallback({ ...callback, body })).toBe(false);
    expect(account.verifyCallback({ ...callback, url: callback.url.replace("&n=1", "&n=2") })).toBe(false);
    expect(account.verifyCallback({ ...callback, headers: {} })).toBe(false);
    const stranger = createAccount(subject, world.labUrl, subject.wrongCredentials);
    expect(stranger.verifyCallback(callback)).toBe(false);
  });

  it("carries many messages at once", async () => {
    const { submit } = await start();
    const results = await Promise.all(Array.from({ length: 64 }, () => submit("+15005550006")));
    const ids = results.map((result) => (result.outcome === "accepted" ? result.providerMessageId : result.error.code));
    expect(results.every(({ outcome }) => outcome === "accepted")).toBe(true);
    expect(new Set(ids).size).toBe(64);
  });
}

function describeTrouble(subject: ConformanceSubject): void {
  const submitTo = (baseUrl: string, timeoutMs = 5000) =>
    submitSafely(subject, createAccount(subject, baseUrl), {}, { timeoutMs });

  it("tries later when nobody listens", async () => {
    const result = await submitTo(`http://127.0.0.1:${await findClosedPort()}`);
    expect(result).toMatchObject({ outcome: "try_later", cause: "unavailable", error: { code: "ECONNREFUSED" } });
  });

  it("tries later when the host name does not exist", async () => {
    expect(await submitTo("http://no-such-host.invalid", 2000)).toMatchObject({ outcome: "try_later" });
  });

  it("tries later when the TLS handshake fails", async () => {
    const server = await startUnrulyServer(
      () => {},
      (socket) => socket.end("this is no TLS\r\n"),
    );
    expect(await submitTo(`https://${server.host}`)).toMatchObject({ outcome: "try_later" });
    expect(server.connections()).toBeGreaterThan(0);
  });

  it("tries later when time is up before the connection stands", async () => {
    const server = await startUnrulyServer(() => {});
    const result = await submitTo(`https://${server.host}`, 300);
    expect(result).toMatchObject({ outcome: "try_later", cause: "unavailable", error: { code: "TIMEOUT" } });
    expect(server.received()).not.toContain("POST");
  });

  it("gives up connecting long before the submit's own time is up", async () => {
    const server = await startUnrulyServer(() => {});
    const startedMs = performance.now();
    const result = await submitTo(`https://${server.host}`, 20_000);
    expect(result).toMatchObject({ outcome: "try_later" });
    expect(performance.now() - startedMs).toBeLessThan(10_000);
  });

  it("does not know what happened when no answer comes", async () => {
    const server = await startUnrulyServer(() => {});
    const result = await submitTo(`http://${server.host}`, 2000);
    expect(result).toMatchObject({ outcome: "unknown", error: { code: "TIMEOUT" } });
    expect(server.requests).toHaveLength(1);
  });

  const ends: [string, Parameters<typeof startUnrulyServer>[0]][] = [
    ["resets the connection", (socket) => socket.resetAndDestroy()],
    ["closes the connection", (socket) => socket.end()],
    ["answers in no protocol", (socket) => socket.end("what?\r\n\r\n")],
    ["stops amid the headers", (socket) => socket.end("HTTP/1.1 201 Created\r\nContent-")],
    ["stops amid the body", (socket) => socket.end(answer(201, {}, "x".repeat(99)).slice(0, -9))],
    ["answers 500 in HTML", (socket) => socket.write(answer(500, { "Content-Type": "text/html" }, "<h1>Oops</h1>"))],
    ["answers 503 without a body", (socket) => socket.write(answer(503, {}, ""))],
    ["redirects", (socket) => socket.write(answer(307, { Location: "/elsewhere" }, ""))],
  ];
  it.each(ends)("does not know what happened when the server %s, and does not repeat itself", async (_name, end) => {
    const server = await startUnrulyServer(end);
    expect(await submitTo(`http://${server.host}`)).toMatchObject({ outcome: "unknown" });
    expect(server.requests).toHaveLength(1);
  });

  it.each(subject.rubbish)("does not know what happened when success comes with %j", async (body) => {
    const server = await startUnrulyServer((socket) => socket.write(answer(201, {}, body)));
    expect(await submitTo(`http://${server.host}`)).toMatchObject({ outcome: "unknown" });
    expect(server.requests).toHaveLength(1);
  });

  it("repeats nothing of what it sent, even when the provider does", async () => {
    for (const status of [200, 400, 401, 429, 500]) {
      const server = await startUnrulyServer((socket) => {
        const echo = JSON.stringify({ message: server.requests[0], sid: server.requests[0], code: server.requests[0] });
        socket.write(answer(status, { "Retry-After": "1", "X-Echo": TEXT }, echo));
      });
      const result = await submitTo(`http://${server.host}`);
      expect(result.outcome).not.toBe("accepted");
      expect(server.requests[0]).toContain("7351");
    }
  });

  it("works on a new connection after the old one broke", async () => {
    const server = await startUnrulyServer((socket, nth) =>
      nth === 1 ? socket.resetAndDestroy() : socket.write(answer(429, {}, "{}")),
    );
    const account = createAccount(subject, `http://${server.host}`);
    expect((await submitSafely(subject, account, {})).outcome).toBe("unknown");
    expect((await submitSafely(subject, account, {})).outcome).toBe("try_later");
    expect(server.connections()).toBe(2);
  });

  it("does not send into a connection that the server has closed meanwhile", async () => {
    const server = await startUnrulyServer((socket) => socket.end(answer(429, { Connection: "keep-alive" }, "{}")));
    const account = createAccount(subject, `http://${server.host}`);
    for (const nth of [1, 2, 3]) {
      expect((await submitSafely(subject, account, {})).outcome).toBe("try_later");
      await vi.waitFor(() => expect(server.openConnections()).toBe(0), BOUND);
      expect(server.connections()).toBe(nth);
    }
  });

  it("keeps its connections", async () => {
    const server = await startUnrulyServer((socket) => socket.write(answer(429, {}, "{}")));
    const account = createAccount(subject, `http://${server.host}`);
    for (let nth = 0; nth < 20; nth += 1) await submitSafely(subject, account, {});
    expect(server.requests).toHaveLength(20);
    expect(server.connections()).toBeLessThanOrEqual(3);
  });

  it("sends nothing more once it is stopped", async () => {
    const server = await startUnrulyServer(() => {});
    const account = createAccount(subject, `http://${server.host}`);
    await account.stop?.();
    await account.stop?.();
    expect((await submitSafely(subject, account, {})).outcome).toBe("try_later");
    expect(server.connections()).toBe(0);
  });
}

function describeCancelling(subject: ConformanceSubject): void {
  it("tries later when it is cancelled before the connection stands", async () => {
    const server = await startUnrulyServer(() => {});
    const controller = new AbortController();
    const account = createAccount(subject, `https://${server.host}`);
    const submitted = submitSafely(subject, account, {}, { signal: controller.signal });
    await vi.waitFor(() => expect(server.connections()).toBe(1), BOUND);
    controller.abort();
    expect(await submitted).toMatchObject({ outcome: "try_later", error: { code: "CANCELED" } });
    expect(server.received()).not.toContain("POST");
  });

  it("does not know what happened when it is cancelled after the body went out", async () => {
    const server = await startUnrulyServer(() => {});
    const controller = new AbortController();
    const account = createAccount(subject, `http://${server.host}`);
    const submitted = submitSafely(subject, account, {}, { signal: controller.signal });
    await vi.waitFor(() => expect(server.requests).toHaveLength(1), BOUND);
    controller.abort();
    expect(await submitted).toMatchObject({ outcome: "unknown", error: { code: "CANCELED" } });
  });

  it("opens no connection when it is cancelled already", async () => {
    const server = await startUnrulyServer(() => {});
    const account = createAccount(subject, `http://${server.host}`);
    const result = await submitSafely(subject, account, {}, { signal: AbortSignal.abort() });
    expect(result).toMatchObject({ outcome: "try_later", error: { code: "CANCELED" } });
    expect(server.connections()).toBe(0);
  });
}
