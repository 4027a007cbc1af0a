import { createHash, randomUUID } from "node:crypto";
import { BOOTSTRAP_CLIENT_ID, makeBatchId, makeMessageId, makeSeed } from "@sms-gateway/contracts";
import type { RecordRow } from "../src/index.ts";

const SECRET = "secret-of-these-tests";

/** A message as the gateway would have accepted it, due now, for an hour. */
export function makeRow(changes: Partial<RecordRow> = {}): RecordRow {
  const acceptedAt = changes.acceptedAt ?? new Date();
  const clientId = changes.clientId ?? BOOTSTRAP_CLIENT_ID;
  const seed = changes.seed ?? makeSeed(acceptedAt.getTime());
  return {
    id: makeMessageId(SECRET, clientId, seed, 0),
    clientId,
    keyId: randomUUID(),
    batchId: makeBatchId(SECRET, clientId, seed),
    seed,
    toNumber: "+12025550123",
    recipientName: null,
    fromNumber: "GATEWAY",
    text: "Hello, it's “me” \\ 'quoted' {braces} 👋",
    messageType: "text",
    udh: null,
    smsType: "transactional",
    encoding: "gsm7",
    segments: 1,
    lane: "normal",
    priority: 3,
    status: "queued",
    providers: [],
    trace: null,
    plannedProvider: "twilio",
    dueAt: acceptedAt,
    scheduleAt: null,
    expireAt: new Date(acceptedAt.getTime() + 3_600_000),
    errorCode: null,
    errorMessage: null,
    customId: null,
    metadata: null,
    callbackUrl: null,
    request: { id: "r", ip: "127.0.0.1", user_agent: null, bytes: 10, message_length: 5 },
    simulated: true,
    acceptedAt,
    idempotencyKeyHash: null,
    fingerprint: null,
    idempotencyExpiresAt: null,
    ...changes,
  };
}

export function makeRows(count: number, changes: Partial<RecordRow> = {}): RecordRow[] {
  return Array.from({ length: count }, () => makeRow(changes));
}

/** The rows of one request with this many recipients. */
export function makeRequest(count: number, changes: Partial<RecordRow> = {}): RecordRow[] {
  const acceptedAt = changes.acceptedAt ?? new Date();
  const clientId = changes.clientId ?? BOOTSTRAP_CLIENT_ID;
  const seed = changes.seed ?? makeSeed(acceptedAt.getTime());
  return Array.from({ length: count }, (_, index) =>
    makeRow({ ...changes, acceptedAt, clientId, seed, id: makeMessageId(SECRET, clientId, seed, index) }),
  );
}

/** The three facts of an Idempotency-Key. */
export function keyFacts(key: string): Pick<RecordRow, "idempotencyKeyHash" | "fingerprint" | "idempotencyExpiresAt"> {
  const hash = createHash("sha256").update(key).digest("hex");
  return { idempotencyKeyHash: hash, fingerprint: hash, idempotencyExpiresAt: new Date(Date.now() + 86_400_000) };
}
