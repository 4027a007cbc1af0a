import { type AcceptedEnvelope, BOOTSTRAP_CLIENT_ID, makeMessageId, makeSeed } from "@sms-gateway/contracts";
import { findMessage } from "@sms-gateway/db";
import { sampleEnvelope } from "@sms-gateway/testkit";
import type { PlanningContext } from "../src/delivery/plan-provider.ts";
import { recordMessages } from "../src/messages/record-messages.ts";
import type { WorkerDatabase } from "./worker-database.ts";

const SECRET = "id-secret-of-these-tests";

/** A request for so many recipients who may share numbers. */
export function makeCampaign(count: number, changes: Partial<AcceptedEnvelope> = {}): AcceptedEnvelope {
  const seed = makeSeed(Date.now());
  const recipients = Array.from({ length: count }, (_, index) => ({
    id: makeMessageId(SECRET, BOOTSTRAP_CLIENT_ID, seed, index),
    to: `+1202555${1000 + (index % 9000)}`,
  }));
  const client = { client_id: BOOTSTRAP_CLIENT_ID, key_id: null, metadata: null, callback_url: null };
  return sampleEnvelope({ seed, ...client, simulated: true, providers: [], recipients, ...changes });
}

/** Records requests as the consumer does, in a database of a test's own. */
export function createRecorder(parts: () => WorkerDatabase) {
  const planning = (): PlanningContext => ({
    providers: parts().directory.providers(),
    defaultProvider: "twilio",
    passesCircuit: () => true,
  });

  /** Answers how often it woke whoever claims. */
  async function record(...envelopes: AcceptedEnvelope[]): Promise<number> {
    let wakes = 0;
    const wake = () => {
      wakes += 1;
    };
    await recordMessages({ ...parts(), planning, wake }, envelopes);
    return wakes;
  }

  return {
    planning,
    record,
    /** Answers the id of its only message, in the high lane. */
    async recordOne(changes: Partial<AcceptedEnvelope> = {}): Promise<string> {
      const envelope = makeCampaign(1, { sms_type: "alert", priority: 1, ...changes });
      await record(envelope);
      return envelope.recipients[0]?.id ?? "";
    },
    read: (id: string) => findMessage(parts().db, BOOTSTRAP_CLIENT_ID, id),
  };
}
