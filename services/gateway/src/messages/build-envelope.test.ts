import { makeRequestIds, makeSeed, parseAcceptedEnvelope, type Reservation } from "@sms-gateway/contracts";
import { expect, test } from "vitest";
import { CALLER, readForm } from "../../test/sample-form.ts";
import { buildAnswer } from "./build-answer.ts";
import { buildEnvelope, type EnvelopeFacts } from "./build-envelope.ts";

const ACCEPTED = Date.parse("2026-01-31T10:00:00Z");
const SEED = makeSeed(ACCEPTED);
const FINGERPRINT = "f".repeat(64);

function reservationOf(count: number): Reservation {
  return {
    seed: SEED,
    token: "t".repeat(32),
    fingerprint: FINGERPRINT,
    count,
    acceptedAtMs: ACCEPTED,
    chargedDay: "2026-01-31",
    chargedAmount: count,
    simulated: true,
    memo: "",
  };
}

function factsOf(body: Record<string, unknown>, changes: Partial<EnvelopeFacts> = {}): EnvelopeFacts {
  const form = readForm(body);
  return {
    caller: CALLER,
    form,
    reservation: reservationOf(form.recipients.length),
    ids: makeRequestIds("a secret for tests", CALLER.client.id, SEED, form.recipients.length),
    idempotency: null,
    keptForMs: 60_000,
    sender: null,
    request: { id: "r-1", ip: "203.0.113.7", user_agent: null, bytes: 99, message_length: 5 },
    lifeFromMs: null,
    ...changes,
  };
}

test("every kind of request makes an envelope that the worker can read", () => {
  const bodies = [
    {},
    { to: [{ number: "+12025550123", name: "Ana" }, "+12025550124"], metadata: { a: [1] }, providers: ["sns"] },
    { message_type: "binary", message: "00ff", udh: "0605040b8423f0", custom_id: "x", priority: 5 },
    { schedule_at: "2026-02-01T10:00:00Z", expire_at: "2026-02-02T10:00:00Z", callback_url: "https://yourapp.com/x" },
    { sms_type: "otp", from_number: "ACME", ttl_seconds: 10 },
  ];
  for (const body of bodies) {
    const envelope = buildEnvelope(factsOf(body, { sender: "ACME" }));
    expect(parseAcceptedEnvelope(JSON.parse(JSON.stringify(envelope)))).toEqual({ ok: true, value: envelope });
  }
});

test("an envelope of a request with a key carries hash, fingerprint and the key's end", () => {
  const keyed = buildEnvelope(factsOf({}, { idempotency: { keyHash: "a".repeat(64) }, keptForMs: 24 * 3600 * 1000 }));
  expect(keyed).toMatchObject({
    idempotency_key_hash: "a".repeat(64),
    fingerprint: FINGERPRINT,
    idempotency_expires_at: "2026-02-01T10:00:00.000Z",
  });
  expect(parseAcceptedEnvelope(keyed).ok).toBe(true);
  expect(buildEnvelope(factsOf({}))).toMatchObject({
    idempotency_key_hash: null,
    fingerprint: null,
    idempotency_expires_at: null,
  });
});

test("a take-over with the same reservation publishes the same messages, whoever carries it out", () => {
  const body = { to: ["+12025550123", "+12025550124"], schedule_at: "2026-02-01T10:00:00Z" };
  const first = buildEnvelope(factsOf(body));
  const second = buildEnvelope(factsOf(body, { request: { ...factsOf(body).request, id: "r-2" } }));
  expect({ ...second, request: null }).toEqual({ ...first, request: null });
});

test("the answer's ids are the envelope's", () => {
  const facts = factsOf({ to: ["+12025550123", "+12025550124", "+12025550123"] });
  const envelope = buildEnvelope(facts);
  const answer = buildAnswer(facts.form, facts.reservation, facts.ids);
  const ids = envelope.recipients.map(({ id }) => id);
  expect(answer).toMatchObject({
    success: true,
    tracking_id: ids[0],
    batch_id: envelope.batch_id,
    message_count: 2,
    message_ids: ids,
    messages: ids.map((id, index) => ({
      id,
      to: `+1202555012${3 + index}`,
      status: "accepted",
      encoding: "gsm7",
      segments: 1,
    })),
    duplicates: ["+12025550123"],
    scheduled_for: null,
    simulated: true,
  });
});

test("the answer tells when a message is scheduled for, if that is in the future", () => {
  const later = factsOf({ schedule_at: "2026-02-01T10:00:00+02:00" });
  expect(buildAnswer(later.form, later.reservation, later.ids).scheduled_for).toBe("2026-02-01T08:00:00.000Z");
  const past = factsOf({ schedule_at: "2025-02-01T10:00:00Z" });
  expect(buildAnswer(past.form, past.reservation, past.ids).scheduled_for).toBeNull();
});

test("after a take-over a relative life counts from then, and everything else is as it was", () => {
  const first = buildEnvelope(factsOf({ sms_type: "otp" }));
  const later = buildEnvelope(factsOf({ sms_type: "otp" }, { lifeFromMs: ACCEPTED + 600_000 }));
  expect(later).toEqual({ ...first, expire_at: new Date(ACCEPTED + 900_000).toISOString() });
  const scheduled = { schedule_at: "2026-02-01T10:00:00Z", ttl_seconds: 60 };
  expect(buildEnvelope(factsOf(scheduled, { lifeFromMs: ACCEPTED + 600_000 }))).toEqual(
    buildEnvelope(factsOf(scheduled)),
  );
});
