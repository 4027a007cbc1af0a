import type { DirectoryClient, DirectoryProvider } from "@sms-gateway/contracts";
import { sampleEnvelope } from "@sms-gateway/testkit";
import { describe, expect, it } from "vitest";
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
