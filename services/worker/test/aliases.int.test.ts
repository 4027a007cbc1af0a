import { type AcceptedEnvelope, BOOTSTRAP_CLIENT_ID, makeMessageId, makeSeed } from "@sms-gateway/contracts";
import { describeWith, sampleEnvelope } from "@sms-gateway/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Caller } from "../src/directory/find-caller.ts";
import { cancelAcceptedMessage } from "../src/messages/cancel-accepted-message.ts";
import { recordMessages } from "../src/messages/record-messages.ts";
import { showMessage } from "../src/messages/show-message.ts";
import { openWorkerDatabase, type WorkerDatabase } from "./worker-database.ts";

const SECRET = "id-secret-of-these-tests";
const HASH = "b".repeat(64);

function makeEnvelope(changes: Partial<AcceptedEnvelope>): AcceptedEnvelope {
  const seed = makeSeed(Date.now());
  const recipients = [{ id: makeMessageId(SECRET, BOOTSTRAP_CLIENT_ID, seed, 0), to: "+12025550123" }];
  return sampleEnvelope({ seed, client_id: BOOTSTRAP_CLIENT_ID, recipients, ...changes });
}

describeWith("postgres", "a request that was accepted twice under one Idempotency-Key", (adminUrl) => {
  let parts: WorkerDatabase;
  beforeAll(async () => {
    parts = await openWorkerDatabase(adminUrl);
  });
  afterAll(() => parts.close());

  const caller = (kind: Caller["kind"]): Caller => ({ clientId: BOOTSTRAP_CLIENT_ID, kind, scopes: ["read", "send"] });
  const deps = () => ({ db: parts.db, idSecret: SECRET, retentionDays: 90, onChanges: () => undefined });
  const idOf = ({ recipients: [first] }: AcceptedEnvelope) => first?.id ?? "";
  let keys = 0;

  /** The same request twice, as gateways accept it when their admission's store was lost in between. */
  async function acceptTwice(
    changes: Partial<AcceptedEnvelope>,
  ): Promise<{ first: string; again: string; seed: string }> {
    keys += 1;
    const key = {
      idempotency_key_hash: `${keys}${HASH}`,
      fingerprint: HASH,
      idempotency_expires_at: new Date(Date.now() + 86_400_000).toISOString(),
    };
    const [first, again] = [makeEnvelope({ ...key, ...changes }), makeEnvelope({ ...key, ...changes })];
    const planning = () =>
      ({ providers: parts.directory.providers(), defaultProvider: "twilio", passesCircuit: () => true }) as const;
    for (const envelope of [first, again, again]) {
      await recordMessages({ ...parts, planning, wake: () => undefined }, [envelope]);
    }
    return { first: idOf(first), again: idOf(again), seed: again.seed };
  }

  it("is one message, which answers under either id with its own, and one line in the log", async () => {
    const { first, again, seed } = await acceptTwice({ simulated: true });
    for (const id of [first, again, again.toUpperCase()]) {
      expect(await showMessage(deps(), caller("test"), id)).toMatchObject({
        id: first,
        tracking_id: first,
        status: "queued",
      });
    }
    const lines = parts.log.filter(({ event }) => event === "record.alias");
    expect(lines).toMatchObject([
      { level: "info", message_id: first, alias_id: again, seed, client_id: BOOTSTRAP_CLIENT_ID },
    ]);
    expect(await parts.registry.getSingleMetricAsString("sms_message_states_total")).toMatch(/status="queued".*} 1$/m);
  });

  it("is canceled under either id, once", async () => {
    const { first, again } = await acceptTwice({ simulated: true });
    expect(await cancelAcceptedMessage(deps(), caller("test"), again)).toMatchObject({ id: first, status: "canceled" });
    for (const id of [first, again]) {
      expect(await showMessage(deps(), caller("test"), id)).toMatchObject({ id: first, status: "canceled" });
      const refused = { code: "CONFLICT", details: { status: "canceled" } };
      await expect(cancelAcceptedMessage(deps(), caller("test"), id)).rejects.toMatchObject(refused);
    }
  });

  it("is as hidden from a test key, and from other clients, as its message is", async () => {
    const { first, again } = await acceptTwice({ simulated: false });
    const stranger: Caller = {
      clientId: "01900000-0000-7000-8000-000000000099",
      kind: "live",
      scopes: ["read", "send"],
    };
    for (const id of [first, again]) {
      for (const other of [caller("test"), stranger]) {
        await expect(showMessage(deps(), other, id)).rejects.toMatchObject({ code: "NOT_FOUND" });
        await expect(cancelAcceptedMessage(deps(), other, id)).rejects.toMatchObject({ code: "NOT_FOUND" });
      }
      expect(await showMessage(deps(), caller("live"), id)).toMatchObject({ id: first });
    }
  });
});
