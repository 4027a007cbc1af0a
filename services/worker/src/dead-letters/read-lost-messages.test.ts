import { makeBatchId, makeMessageId, makeSeed } from "@sms-gateway/contracts";
import { expect, test } from "vitest";
import { readLostMessages } from "./read-lost-messages.ts";

const SECRET = "secret-of-these-tests";
const CLIENT = "00000000-0000-7000-8000-000000000001";
const OTHER = "00000000-0000-7000-8000-000000000002";
const SEED = makeSeed(Date.parse("2026-01-02T03:04:05Z"));
const BATCH = makeBatchId(SECRET, CLIENT, SEED);
const ID = makeMessageId(SECRET, CLIENT, SEED, 0);

const read = (value: unknown, queue = "sms.accepted.high") =>
  readLostMessages({ queue, body: Buffer.from(JSON.stringify(value)) }, SECRET);
const request = { type: "sms.accepted", version: 9, client_id: CLIENT, recipients: [{ id: ID, to: 5 }] };
const lost = { id: ID, clientId: CLIENT, seed: "", batchId: "", lane: "high", simulated: false };

test("finds the messages of a request and of a group that cannot be read otherwise", () => {
  expect(read(request)).toEqual([lost]);
  const whole = { ...request, seed: SEED, batch_id: BATCH, simulated: true };
  expect(
    read({ type: "sms.accepted.group", version: 2, envelopes: [7, whole, whole] }, "prefix.sms.accepted.bulk"),
  ).toEqual([{ ...lost, seed: SEED, batchId: BATCH, simulated: true, lane: "bulk" }]);
});

test("takes no id that was not issued to that client, and nothing from anywhere else", () => {
  expect(read({ ...request, client_id: OTHER })).toEqual([]);
  expect(read({ ...request, recipients: [{ id: BATCH }, { id: "x" }, null, {}] })).toEqual([]);
  for (const odd of [null, [request], 5, { ...request, client_id: 5 }, { ...request, recipients: "x" }]) {
    expect(read(odd)).toEqual([]);
  }
  expect(read(request, "sms.reports")).toEqual([]);
  expect(readLostMessages({ queue: "q", body: Buffer.from('{"client_id') }, SECRET)).toEqual([]);
});
