import { randomBytes, randomUUID } from "node:crypto";
import type { AcceptedEnvelope, ReportEnvelope } from "@sms-gateway/contracts";

/** A valid request as the gateway publishes it; every call gives another one. */
export function sampleEnvelope(changes: Partial<AcceptedEnvelope> = {}): AcceptedEnvelope {
  const acceptedAt = Date.now();
  return {
    type: "sms.accepted",
    version: 1,
    seed: acceptedAt.toString(16).padStart(12, "0") + randomBytes(10).toString("hex"),
    client_id: randomUUID(),
    key_id: randomUUID(),
    idempotency_key_hash: null,
    fingerprint: null,
    idempotency_expires_at: null,
    accepted_at: new Date(acceptedAt).toISOString(),
    request: { id: randomUUID(), ip: "203.0.113.7", user_agent: "sample/1.0", bytes: 120, message_length: 21 },
    simulated: true,
    batch_id: randomUUID(),
    from_number: "+15005550006",
    text: "Grüße, 你好, ok 👍\n\"'\\",
    message_type: "text",
    udh: null,
    sms_type: "transactional",
    encoding: "ucs2",
    segments: 1,
    providers: ["twilio"],
    priority: 3,
    schedule_at: null,
    expire_at: new Date(acceptedAt + 3_600_000).toISOString(),
    callback_url: "https://client.example/hook",
    custom_id: "order-1",
    metadata: { nested: { list: [1, "two", null] } },
    recipients: [{ id: randomUUID(), to: "+14155550100", name: "Ana" }],
    ...changes,
  };
}

export function sampleEnvelopes(count: number): AcceptedEnvelope[] {
  return Array.from({ length: count }, () => sampleEnvelope());
}

/** A delivery report as a provider posted it; every call gives another one. */
export function sampleReport(changes: Partial<ReportEnvelope> = {}): ReportEnvelope {
  return {
    type: "sms.report",
    version: 1,
    provider: "twilio",
    account: "lab",
    message_id: randomUUID(),
    attempt_number: 1,
    received_at: new Date().toISOString(),
    request_id: randomUUID(),
    query: "a=lab&n=1",
    content_type: "application/x-www-form-urlencoded",
    body: "MessageStatus=delivered",
    ...changes,
  };
}
