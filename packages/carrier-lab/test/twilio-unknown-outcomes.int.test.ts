import { connect } from "node:net";
import { labAccount } from "@sms-gateway/carrier-lab";
import { expect, onTestFinished, test, vi } from "vitest";
import { startCallbackTarget } from "./callback-target.ts";
import { basicAuth, getAs, LAB_TOKEN, readHandset, startLab, submit } from "./start-lab.ts";

const BOUND = { timeout: 30_000, interval: 5 };

async function startWorld(options: Parameters<typeof startLab>[0] = {}) {
  const target = await startCallbackTarget();
  const lab = await startLab(options);
  const fields = { From: "+15005550100", Body: "Hello", StatusCallback: target.statusCallback("unknown") };
  return {
    target,
    ...lab,
    send: (to: string) => submit(lab.origin, { fields: { To: to, ...fields } }),
    post: (to: string) => postRaw(lab.origin, { To: to, ...fields }),
    listSids: async (to: string) => {
      const { body } = await getAs(lab.origin, "twilio", `Messages.json?${new URLSearchParams({ To: to })}`);
      if (!Array.isArray(body.messages)) throw new Error("the answer holds no messages");
      return body.messages.map(({ sid }): unknown => sid);
    },
  };
}
type World = Awaited<ReturnType<typeof startWorld>>;

/** Posts a form over a socket of its own and tells what came back until the end, and how it ended. */
function postRaw(origin: string, fields: Record<string, string>) {
  const { hostname, port } = new URL(origin);
  const { accountSid, authToken } = labAccount("twilio", LAB_TOKEN);
  const body = new URLSearchParams(fields).toString();
  const socket = connect(Number(port), hostname);
  onTestFinished(() => void socket.destroy());
  socket.write(
    `POST /twilio/2010-04-01/Accounts/${accountSid}/Messages.json HTTP/1.1\r\nHost: lab\r\n` +
      `Authorization: ${basicAuth(accountSid, authToken)}\r\nContent-Type: application/x-www-form-urlencoded\r\n` +
      `Content-Length: ${body.length}\r\n\r\n${body}`,
  );
  return new Promise<{ received: string; end: string }>((resolve) => {
    let received = "";
    socket.on("data", (chunk) => {
      received += chunk.toString();
    });
    socket.on("end", () => resolve({ received, end: "closed" }));
    socket.on("error", (error) => resolve({ received, end: "code" in error ? String(error.code) : error.message }));
  });
}

/** A later message to an ordinary number; when it is delivered, whatever an earlier one had coming has come. */
async function passTime({ origin }: World): Promise<void> {
  await submit(origin, { fields: { To: "+4915112345678", From: "Shop", Body: "later" } });
  await vi.waitFor(async () => expect(await readHandset(origin, "+4915112345678")).toHaveLength(1), BOUND);
}

async function expectSent(world: World, to: string): Promise<void> {
  await vi.waitFor(() => expect(world.target.statuses()).toEqual(["sent", "delivered"]), BOUND);
  expect(await readHandset(world.origin, to)).toMatchObject([{ message: "Hello" }]);
  const [sid] = await world.listSids(to);
  expect(world.target.received[1]?.fields.MessageSid).toBe(sid);
  const resource = await getAs(world.origin, "twilio", `Messages/${sid}.json`);
  expect(resource.body).toMatchObject({ status: "delivered", to, body: "Hello" });
}

async function expectNotSent(world: World, to: string): Promise<void> {
  await passTime(world);
  expect(world.target.received).toHaveLength(0);
  expect(await readHandset(world.origin, to)).toEqual([]);
  expect(await world.listSids(to)).toEqual([]);
}

test("005 never answers, has sent it, and reports after the handset has it", async () => {
  const world = await startWorld({ deliveryDelayMs: 150 });
  const ended = vi.fn();
  void world.post("+15005550005").then(ended);
  await vi.waitFor(async () => expect(await readHandset(world.origin, "+15005550005")).toHaveLength(1), BOUND);
  expect(await world.listSids("+15005550005")).toHaveLength(1);
  expect(world.target.received).toHaveLength(0);
  await expectSent(world, "+15005550005");
  expect(ended).not.toHaveBeenCalled();
});

test("007 never answers, and has not sent it", async () => {
  const world = await startWorld({ silenceTimeoutMs: 50 });
  expect(await world.post("+15005550007")).toEqual({ received: "", end: "closed" });
  await expectNotSent(world, "+15005550007");
});

test("008 is delivered in the usual time, and only its report is late", async () => {
  const world = await startWorld({ deliveryDelayMs: 100 });
  const { status, body } = await world.send("+15005550008");
  expect(status).toBe(201);
  await vi.waitFor(async () => expect(await readHandset(world.origin, "+15005550008")).toHaveLength(1), BOUND);
  expect(world.target.statuses()).toEqual(["sent"]);
  expect((await getAs(world.origin, "twilio", `Messages/${body.sid}.json`)).body.status).toBe("delivered");
  await vi.waitFor(() => expect(world.target.statuses()).toEqual(["sent", "delivered"]), BOUND);
  expect(await readHandset(world.origin, "+15005550008")).toHaveLength(1);
});

test("016 answers 500 with code 20500, and has not sent it", async () => {
  const world = await startWorld();
  const answer = await world.send("+15005550016");
  expect(answer.status).toBe(500);
  expect(answer.body).toMatchObject({ code: 20500, status: 500 });
  await expectNotSent(world, "+15005550016");
});

test("017 answers 500 with code 20500, and has sent it", async () => {
  const world = await startWorld();
  const answer = await world.send("+15005550017");
  expect(answer.status).toBe(500);
  expect(answer.body).toMatchObject({ code: 20500, status: 500 });
  await expectSent(world, "+15005550017");
});

test("018 resets the connection, and has not sent it", async () => {
  const world = await startWorld();
  expect(await world.post("+15005550018")).toEqual({ received: "", end: "ECONNRESET" });
  await expectNotSent(world, "+15005550018");
});

test("a submit beyond the requests that the lab holds in silence is 429, and not sent", async () => {
  const world = await startWorld({ silentRequestsMax: 1 });
  void world.post("+15005550005");
  await vi.waitFor(async () => expect(await world.listSids("+15005550005")).toHaveLength(1), BOUND);
  const refused = await world.send("+15005550005");
  expect(refused.status).toBe(429);
  expect(refused.body).toMatchObject({ code: 20429 });
  expect(await world.listSids("+15005550005")).toHaveLength(1);
});

test("closing is not held up by requests that wait for an answer", async () => {
  const world = await startWorld({ deliveryDelayMs: 60_000 });
  const ended = world.post("+15005550005");
  await vi.waitFor(async () => expect(await world.listSids("+15005550005")).toHaveLength(1), BOUND);
  const startedMs = performance.now();
  await world.close();
  expect(performance.now() - startedMs).toBeLessThan(30_000);
  expect(await ended).toEqual({ received: "", end: "closed" });
  expect(world.target.statuses()).toEqual(["sent", "delivered"]);
});
