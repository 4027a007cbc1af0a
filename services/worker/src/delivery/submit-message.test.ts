import type { ClaimedMessage } from "@sms-gateway/db";
import type { ProviderAccount, SubmitMessage, SubmitResult } from "@sms-gateway/providers";
import { createLogger, createMetrics } from "@sms-gateway/runtime";
import { describe, expect, it } from "vitest";
import { createWorkerMetrics } from "../metrics.ts";
import { createCallbackAddresses } from "./callback-address.ts";
import type { ClaimedAttempt } from "./claim-messages.ts";
import { LEASE_MARGIN_MS, submitMessage } from "./submit-message.ts";

const SUBMIT_TIMEOUT_MS = 1_000;
const message: ClaimedMessage = {
  id: "019aa000-0000-7000-8000-000000000001",
  clientId: "019aa000-0000-7000-8000-0000000000aa",
  keyId: null,
  batchId: "019aa000-0000-7000-8000-0000000000bb",
  toNumber: "+12025550123",
  fromNumber: null,
  text: "Hello",
  messageType: "text",
  udh: null,
  smsType: "transactional",
  encoding: "gsm7",
  segments: 1,
  lane: "normal",
  priority: 3,
  customId: null,
  request: null,
  simulated: true,
  providers: [],
  tried: [],
  round: 1,
  provider: "twilio",
  account: "lab",
  attemptNumber: 2,
  acceptedAt: new Date(),
  dueAt: new Date(),
  expireAt: new Date(Date.now() + 60_000),
  lifeLeftMs: 60_000,
};

function claimed(changes: Partial<ClaimedAttempt> = {}): ClaimedAttempt {
  const nowMs = performance.now();
  const leaseEndsAtMs = nowMs + SUBMIT_TIMEOUT_MS + LEASE_MARGIN_MS;
  return { message, provider: "twilio", circuitEpoch: 0, leaseEndsAtMs, lifeEndsAtMs: nowMs + 60_000, ...changes };
}

/** A world whose only account, the lab's of twilio, answers as told; it keeps what it was given. */
function openWorld(answer: () => Promise<SubmitResult>) {
  const submitted: SubmitMessage[] = [];
  const lines: Record<string, unknown>[] = [];
  const account: ProviderAccount = {
    capabilities: {
      messageTypes: ["text"],
      alphanumericSenders: true,
      validitySeconds: null,
      search: null,
      readMessage: false,
    },
    submit: (given) => {
      submitted.push(given);
      return answer();
    },
    verifyCallback: () => false,
    parseCallback: () => [],
  };
  const deps = {
    accounts: {
      find: (provider: string, kind: string) => (provider === "twilio" && kind === "lab" ? account : undefined),
      list: () => [],
      describe: () => [],
    },
    addresses: createCallbackAddresses("https://sms.example.com", "internal-token-of-this-test"),
    metrics: createWorkerMetrics(createMetrics("worker")),
    logger: createLogger({
      service: "worker",
      level: "info",
      destination: { write: (line) => void lines.push(JSON.parse(line)) },
    }),
    submitTimeoutMs: SUBMIT_TIMEOUT_MS,
    signal: new AbortController().signal,
  };
  return { submit: (attempt: ClaimedAttempt) => submitMessage(deps, attempt), submitted, lines };
}

const accepted: SubmitResult = { outcome: "accepted", providerMessageId: "SM1" };

describe("submitMessage", () => {
  it("hands over the message with its remaining life and an address of its own", async () => {
    const { submit, submitted } = openWorld(async () => accepted);
    expect(await submit(claimed())).toEqual({
      messageId: message.id,
      attemptNumber: 2,
      provider: "twilio",
      result: accepted,
    });
    expect(submitted).toMatchObject([{ to: "+12025550123", text: "Hello", validitySeconds: 59 }]);
    expect(submitted[0]?.callbackUrl).toContain(`/webhooks/twilio/status?a=lab&m=${message.id}&n=2&h=`);
  });

  it.each([
    ["LEASE_OVER", { leaseEndsAtMs: performance.now() + SUBMIT_TIMEOUT_MS }],
    ["EXPIRED", { lifeEndsAtMs: performance.now() - 1 }],
    ["NO_ACCOUNT", { provider: "plivo" as const }],
    ["NO_ACCOUNT", { message: { ...message, account: "live" as const } }],
  ])("does not call the provider and says so: %s", async (code, changes) => {
    const { submit, submitted } = openWorld(async () => accepted);
    expect((await submit(claimed(changes))).result).toMatchObject({ outcome: "try_later", error: { code } });
    expect(submitted).toEqual([]);
  });

  it("takes an adapter that throws as unknown: bytes may have left", async () => {
    const { submit, lines } = openWorld(async () => {
      throw new Error("broken");
    });
    expect((await submit(claimed())).result).toMatchObject({ outcome: "unknown", error: { code: "ADAPTER_FAILED" } });
    expect(lines.map(({ event }) => event)).toEqual(["delivery.adapter_failed", "delivery.attempted"]);
  });

  it("writes one line with every id, and masks numbers in the provider's own sentence", async () => {
    const error = { code: "21211", reason: "The 'To' number +12025550123 is not valid" };
    const { submit, lines } = openWorld(async () => ({ outcome: "rejected", scope: "recipient", error }));
    await submit(claimed());
    expect(lines).toMatchObject([
      { event: "delivery.attempted", message_id: message.id, attempt: 2, outcome: "rejected", provider_code: "21211" },
    ]);
    expect(JSON.stringify(lines)).not.toContain("12025550123");
    expect(JSON.stringify(lines)).not.toContain("Hello");
  });
});
