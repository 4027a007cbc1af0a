import type { SearchQuery } from "@sms-gateway/providers";
import { expect, it } from "vitest";
import { createAccount, settleSafely, TEXT, withLimits } from "./conformance-subject.ts";
import { TWILIO_SID, TWILIO_SUBJECT } from "./twilio-subject.ts";
import { answer, startUnrulyServer } from "./unruly-server.ts";

const AT_MS = Date.UTC(2026, 10, 21, 12, 0, 0);
const SERVICE = `MG${"a".repeat(32)}`;
const PATH = `/2010-04-01/Accounts/${TWILIO_SUBJECT.credentials.accountSid}/Messages`;

/** A message of Twilio's list, made at the time of the submit that is asked about. */
function resource(fields: Record<string, unknown> = {}) {
  return {
    sid: TWILIO_SID,
    to: "+15005550006",
    from: "+15005550006",
    body: TEXT,
    direction: "outbound-api",
    status: "delivered",
    date_created: new Date(AT_MS).toUTCString().replace("GMT", "+0000"),
    num_segments: "2",
    price: "-0.01500",
    price_unit: "usd",
    error_code: null,
    messaging_service_sid: null,
    ...fields,
  };
}

function sidOf(nth: number): string {
  return `SM${String(nth).padStart(32, "0")}`;
}

/** An account in front of a server that gives the nth request the nth of these answers, and the last to all others. */
async function startTwilio(...bodies: readonly Record<string, unknown>[]) {
  const server = await startUnrulyServer((socket, nth) =>
    socket.write(answer(200, {}, JSON.stringify(bodies[Math.min(nth, bodies.length) - 1]))),
  );
  const account = createAccount(TWILIO_SUBJECT, `http://${server.host}/some/prefix/`);
  const search = (query: Partial<SearchQuery> = {}) => {
    const [sentAfter, sentBefore] = [new Date(AT_MS - 1000), new Date(AT_MS + 1000)];
    const whole = { to: "+15005550006", from: null, text: TEXT, sentAfter, sentBefore, ...query };
    return settleSafely(TWILIO_SUBJECT, account.search?.(whole, withLimits()) ?? Promise.reject(new Error("none")));
  };
  const read = () =>
    settleSafely(TWILIO_SUBJECT, account.readMessage?.(TWILIO_SID, withLimits()) ?? Promise.reject(new Error("none")));
  const listPaths = () => server.requests.map((request) => request.slice(0, request.indexOf(" HTTP/1.1")));
  return { server, search, read, listPaths };
}

function listOf(...messages: readonly unknown[]) {
  return { messages, next_page_uri: null, page: 0, page_size: 50 };
}

it("asks for the recipient's messages, whenever sent and by whom, as its account and without a body", async () => {
  const { server, search, listPaths } = await startTwilio(listOf(resource()));
  const price = { amount: "0.01500", currency: "USD" };
  const message = { providerMessageId: TWILIO_SID, status: "delivered", providerStatus: "delivered", error: null };
  expect(await search()).toEqual({ result: "listed", messages: [{ ...message, segments: 2, price }], complete: true });
  expect(listPaths()).toEqual([`GET /some/prefix${PATH}.json?To=%2B15005550006&PageSize=50`]);
  expect(server.requests[0]).toContain(`Authorization: Basic ${TWILIO_SUBJECT.derivedSecrets[0]}`);
  expect(server.requests[0]).toMatch(/\r\n\r\n$/);
});

it("reads every page, also where an answer names another host for it", async () => {
  const next = `${PATH}.json?To=%2B15005550006&PageSize=50&Page=1&PageToken=PASM1`;
  const first = { ...listOf(resource({ sid: sidOf(1) })), next_page_uri: next };
  const second = {
    ...listOf(resource({ sid: sidOf(2) })),
    meta: { key: "messages", next_page_url: `http://127.0.0.1:9${next}&again` },
  };
  const { search, listPaths } = await startTwilio(first, second, listOf(resource({ sid: sidOf(1) })));
  const result = await search();
  expect(result).toMatchObject({
    messages: [{ providerMessageId: sidOf(1) }, { providerMessageId: sidOf(2) }],
    complete: true,
  });
  expect(listPaths().slice(1)).toEqual([`GET /some/prefix${next}`, `GET /some/prefix${next}&again`]);
});

it("gives up after ten pages, and says that there may be more", async () => {
  const page = { ...listOf(resource({ to: "+15005550009" })), next_page_uri: `${PATH}.json?Page=1` };
  const { server, search } = await startTwilio(page);
  expect(await search()).toEqual({ result: "listed", messages: [], complete: false });
  expect(server.requests).toHaveLength(10);
});

it("says that there may be more when a flood of one text went to one recipient", async () => {
  const many = Array.from({ length: 21 }, (_, nth) => resource({ sid: sidOf(nth) }));
  const { search } = await startTwilio(listOf(...many));
  const result = await search();
  expect(result).toMatchObject({ result: "listed", complete: false });
  expect(result).toHaveProperty("messages.length", 20);
});

it.each([
  ["erased", { body: "" }],
  ["missing", { body: null }],
  ["with a sentence before it", { body: `Sent from your Twilio trial account - ${TEXT}` }],
  ["with other punctuation", { body: TEXT.replaceAll("-", "–") }],
  ["without its accents", { body: "Uber-text" }, "Über‑text "],
  ["from another sender", { from: "+15005550100" }],
])("does not say that there is none when there is the text %s", async (_name, fields, text = TEXT) => {
  const { search } = await startTwilio(listOf(resource(fields)));
  expect(await search({ text })).toEqual({ result: "listed", messages: [], complete: false });
});

it.each([
  ["another text", { body: "Something else 8462" }],
  ["an inbound text", { direction: "inbound" }],
  ["an earlier one", { date_created: "Sat, 21 Nov 2026 11:59:00 +0000" }],
  ["a later one", { date_created: "Sat, 21 Nov 2026 12:01:00 +0000" }],
  ["another recipient's", { to: "+15005550007" }],
])("is not confused by %s", async (_name, fields) => {
  const { search } = await startTwilio(listOf(resource(fields)));
  expect(await search()).toEqual({ result: "listed", messages: [], complete: true });
});

it("finds a message that the clocks date a little differently", async () => {
  const { search } = await startTwilio(listOf(resource({ date_created: "Sat, 21 Nov 2026 12:00:20 +0000" })));
  expect(await search()).toHaveProperty("messages.length", 1);
});

it("finds the message of a Messaging Service, whose number is unknown until it is sent", async () => {
  const fields = { from: null, messaging_service_sid: SERVICE, status: "accepted", num_segments: "0", price: null };
  const { search } = await startTwilio(listOf(resource(fields)));
  expect(await search({ from: SERVICE })).toEqual({
    result: "listed",
    messages: [{ providerMessageId: TWILIO_SID, status: "accepted", providerStatus: "accepted", error: null }],
    complete: true,
  });
});

it.each([{ sid: "XX1" }, { date_created: null }, { date_created: "yesterday" }, { status: 42 }])(
  "takes a list with an unreadable message (%j) as no answer",
  async (fields) => {
    const { search } = await startTwilio(listOf(resource(fields)));
    expect(await search()).toMatchObject({ result: "unavailable", error: { code: "UNREADABLE_ANSWER" } });
  },
);

it("reads a message by its sid, with what its error code says", async () => {
  const { read, listPaths } = await startTwilio(resource({ status: "failed", error_code: 30036 }));
  expect(await read()).toMatchObject({
    result: "found",
    message: { status: "expired", providerStatus: "failed", error: { code: "30036" } },
  });
  expect(listPaths()).toEqual([`GET /some/prefix${PATH}/${TWILIO_SID}.json`]);
});

it("reads a status that it does not know as unknown to it", async () => {
  const { read } = await startTwilio(resource({ status: "teleported" }));
  expect(await read()).toMatchObject({ message: { status: undefined, providerStatus: "teleported" } });
});

it("takes another message than the one asked for as no answer", async () => {
  const { read } = await startTwilio(resource({ sid: sidOf(1) }));
  expect(await read()).toMatchObject({ result: "unavailable", error: { code: "UNREADABLE_ANSWER" } });
});
