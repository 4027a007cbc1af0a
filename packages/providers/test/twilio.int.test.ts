import { expect, it, vi } from "vitest";
import { createAccount, submitSafely } from "./conformance-subject.ts";
import { describeProvider } from "./conformance-suite.ts";
import { TWILIO_SID, TWILIO_SUBJECT } from "./twilio-subject.ts";
import { answer, startUnrulyServer } from "./unruly-server.ts";

describeProvider(TWILIO_SUBJECT);

/** An account in front of a server that gives every request the same answer. */
async function startTwilio(status: number, body: unknown, headers: Record<string, string> = {}) {
  const server = await startUnrulyServer((socket) => socket.write(answer(status, headers, JSON.stringify(body))));
  const account = createAccount(TWILIO_SUBJECT, `http://${server.host}/some/prefix/`);
  const submit: (message?: Parameters<typeof submitSafely>[2]) => ReturnType<typeof submitSafely> = (message = {}) =>
    submitSafely(TWILIO_SUBJECT, account, message);
  const readForm = () => Object.fromEntries(new URLSearchParams(server.requests[0]?.split("\r\n\r\n")[1]));
  return { server, submit, readForm };
}

const CREATED = {
  sid: TWILIO_SID,
  status: "queued",
  num_segments: "2",
  price: null,
  price_unit: "USD",
  error_code: null,
};

it("posts Twilio's form to the account's messages under any prefix, as its account", async () => {
  const { server, submit, readForm } = await startTwilio(201, CREATED);
  const text = "Grüße & 100 % + €uro 👋";
  const callbackUrl = "http://127.0.0.1:9/webhooks/twilio/status?a=lab&m=1&n=1&h=0a";
  const result = await submit({ to: "+15005550006", from: "My Shop", text, callbackUrl, validitySeconds: 90.7 });
  expect(result).toEqual({ outcome: "accepted", providerMessageId: TWILIO_SID, segments: 2 });
  const [line, ...headers] = (server.requests[0] ?? "").split("\r\n");
  expect(line).toBe(
    `POST /some/prefix/2010-04-01/Accounts/${TWILIO_SUBJECT.credentials.accountSid}/Messages.json HTTP/1.1`,
  );
  expect(headers).toContain(`Authorization: Basic ${TWILIO_SUBJECT.derivedSecrets[0]}`);
  expect(readForm()).toEqual({
    To: "+15005550006",
    From: "My Shop",
    Body: text,
    ValidityPeriod: "90",
    StatusCallback: callbackUrl,
  });
});

it("falls back to the account's sender", async () => {
  const { submit, readForm } = await startTwilio(201, CREATED);
  await submit({ from: null });
  expect(readForm()).toMatchObject({ From: "+15005550006" });
});

it("names a Messaging Service in the field for it", async () => {
  const { submit, readForm } = await startTwilio(201, { ...CREATED, status: "accepted", num_segments: "0" });
  const service = `MG${"a".repeat(32)}`;
  expect(await submit({ from: service })).toEqual({ outcome: "accepted", providerMessageId: TWILIO_SID });
  expect(readForm()).toMatchObject({ MessagingServiceSid: service });
  expect(readForm()).not.toHaveProperty("From");
});

it.each([
  [0.2, "1"],
  [36_000, "36000"],
  [200_000, "36000"],
])("asks for a validity of %d s as %s", async (validitySeconds, expected) => {
  const { submit, readForm } = await startTwilio(201, CREATED);
  await submit({ validitySeconds });
  expect(readForm()).toMatchObject({ ValidityPeriod: expected });
});

it.each(["flash", "binary"] as const)("leaves %s messages to other providers without asking", async (messageType) => {
  const { server, submit } = await startTwilio(201, CREATED);
  expect(await submit({ messageType })).toMatchObject({ outcome: "rejected", scope: "provider" });
  expect(server.connections()).toBe(0);
});

it("does not let the environment choose another host", async () => {
  vi.stubEnv("TWILIO_EDGE", "sydney");
  vi.stubEnv("TWILIO_REGION", "au1");
  const { server, submit } = await startTwilio(201, CREATED);
  expect(await submit()).toMatchObject({ outcome: "accepted" });
  expect(server.requests).toHaveLength(1);
  vi.unstubAllEnvs();
});

it("suppresses a recipient who has opted out", async () => {
  const { submit } = await startTwilio(400, {
    code: 21610,
    message: "Attempt to send to unsubscribed recipient",
    status: 400,
  });
  expect(await submit()).toMatchObject({ outcome: "rejected", scope: "recipient", error: { code: "21610" } });
});

it("shows a code that it does not know", async () => {
  const { submit } = await startTwilio(400, { code: 21999, message: "Something new", status: 400 });
  expect(await submit()).toMatchObject({ outcome: "rejected", scope: "message", error: { code: "21999" } });
});

it("reads errors of the newer form (RFC 9457) too", async () => {
  const problem = { type: "about:blank", title: "Invalid", status: 400, code: 21606, detail: "no" };
  const { submit } = await startTwilio(400, problem, { "Content-Type": "application/problem+json" });
  expect(await submit()).toMatchObject({ outcome: "rejected", scope: "provider", error: { code: "21606" } });
});

it("reads a wait that is a date", async () => {
  const date = new Date(Date.now() + 60_000).toUTCString();
  const { submit } = await startTwilio(429, { code: 20429, status: 429 }, { "Retry-After": date });
  const result = await submit();
  expect(result.outcome).toBe("try_later");
  const waitMs = "retryAfterMs" in result ? result.retryAfterMs : undefined;
  expect(waitMs).toBeGreaterThan(50_000);
  expect(waitMs).toBeLessThanOrEqual(60_000);
});

it("takes a message that was created as failed as refused, since no report follows", async () => {
  const { submit } = await startTwilio(201, { ...CREATED, status: "failed", error_code: 30006 });
  expect(await submit()).toMatchObject({ outcome: "rejected", scope: "message", error: { code: "30006" } });
});
