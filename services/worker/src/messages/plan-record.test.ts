import type { DirectoryClient, DirectoryProvider } from "@sms-gateway/contracts";
import type { ProviderCircuit } from "@sms-gateway/db";
import { sampleEnvelope } from "@sms-gateway/testkit";
import { describe, expect, it } from "vitest";
import { createCircuitGate } from "../circuit/circuit-gate.ts";
import { planRecord, type RecordContext } from "./plan-record.ts";

const now = new Date("2026-01-01T12:00:00.000Z");
const later = "2026-01-01T13:00:00.000Z";

const twilio: DirectoryProvider = {
  name: "twilio",
  enabled: true,
  paused: false,
  priority: 1,
  accounts: { live: false, lab: true },
  capabilities: { message_types: ["text"], alphanumeric_senders: true },
};
const client: DirectoryClient = {
  id: "c",
  name: "c",
  active: true,
  time_zone: "UTC",
  rate_per_second: null,
  rate_per_minute: null,
  rate_per_hour: null,
  daily_quota: null,
  sender: null,
};

function context(changes: Partial<RecordContext> = {}): RecordContext {
  return {
    providers: [twilio, { ...twilio, name: "plivo" }],
    client,
    defaultProvider: undefined,
    passesCircuit: () => true,
    now,
    ...changes,
  };
}

function plan(changes: Parameters<typeof sampleEnvelope>[0], rest: Partial<RecordContext> = {}) {
  const [row] = planRecord(sampleEnvelope({ expire_at: later, providers: [], ...changes }), context(rest));
  return row;
}

describe("planRecord", () => {
  it("makes one row per recipient, due now, with the provider that is asked first", () => {
    const recipients = ["+14155550100", "+14155550101"].map((to, index) => ({
      id: `019aa000-0000-7000-8000-00000000000${index}`,
      to,
    }));
    const rows = planRecord(sampleEnvelope({ expire_at: later, providers: [], recipients }), context());
    expect(rows).toMatchObject(
      recipients.map(({ id, to }) => ({ id, toNumber: to, status: "queued", plannedProvider: "twilio", dueAt: now })),
    );
  });

  it.each([
    ["2026-01-01T12:30:00.000Z", "scheduled", "2026-01-01T12:30:00.000Z"],
    ["2026-01-01T11:00:00.000Z", "scheduled", "2026-01-01T11:00:00.000Z"],
  ])("takes schedule_at %s as %s, due at %s", (scheduleAt, status, dueAt) => {
    expect(plan({ schedule_at: scheduleAt })).toMatchObject({ status, dueAt: new Date(dueAt) });
  });

  it("leaves it to the database's clock to end what has outlived its deadline in the queue", () => {
    expect(plan({ expire_at: now.toISOString() })).toMatchObject({ status: "queued", errorCode: null });
  });

  it("rejects the messages of a client that was deactivated, and takes those of one that is newer than our copy", () => {
    const inactive = { ...client, active: false };
    expect(plan({}, { client: inactive })).toMatchObject({ status: "rejected", errorCode: "CLIENT_INACTIVE" });
    expect(plan({}, { client: undefined })).toMatchObject({ status: "queued" });
  });

  it("asks the circuit of a returning provider for each message of a request, and spares codes and what goes later", () => {
    const gate = createCircuitGate(() => 1_000_000);
    const halfOpen: ProviderCircuit = {
      provider: "twilio",
      state: "half_open",
      step: 0,
      openings: 1,
      epoch: 1,
      heldMs: 0,
    };
    gate.follow(halfOpen);
    const passesCircuit: RecordContext["passesCircuit"] = (provider, { isSpared, isLastResort }) =>
      isLastResort ? isSpared && gate.passes(provider) : gate.passes(provider, isSpared);
    const schedule = { schedule_at: "2026-01-01T12:30:00.000Z" };
    const code = { sms_type: "otp", priority: 1 } as const;
    expect(plan(code, { passesCircuit })?.plannedProvider).toBe("plivo");
    expect(plan(schedule, { passesCircuit })?.plannedProvider).toBe("plivo");
    const twilioOnly = { providers: ["twilio" as const] };
    // Waits for it in vain or not: nothing of its share is taken.
    expect(plan({ ...schedule, ...twilioOnly }, { passesCircuit })).toMatchObject({
      plannedProvider: "twilio",
      trace: { considered: [["twilio", "waits"]] },
    });
    const recipients = Array.from({ length: 1_000 }, (_, index) => ({ id: `id-${index}`, to: "+14155550100" }));
    const rows = planRecord(
      sampleEnvelope({ expire_at: later, providers: [], sms_type: "promotional", priority: 5, recipients }),
      context({ passesCircuit }),
    );
    expect(rows.filter(({ plannedProvider }) => plannedProvider === "twilio")).toHaveLength(1);
    gate.follow({ ...halfOpen, epoch: 2 });
    expect(plan({ ...code, ...twilioOnly }, { passesCircuit })?.trace).toMatchObject({
      considered: [["twilio", "chosen"]],
    });
  });

  it("keeps the wish of the request while its provider is not operational", () => {
    const providers = [
      { ...twilio, enabled: false },
      { ...twilio, name: "plivo" as const },
    ];
    expect(plan({ providers: ["twilio"] }, { providers })).toMatchObject({
      status: "queued",
      plannedProvider: "twilio",
    });
    expect(plan({ providers: [] }, { providers })).toMatchObject({ plannedProvider: "plivo" });
  });
});
