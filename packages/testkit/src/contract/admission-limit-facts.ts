import type { Admission, AdmitRequest } from "@sms-gateway/contracts";
import { beforeAll, expect, it } from "vitest";
import { BUSY_MACHINE_MS } from "../busy-machine.ts";
import { waitFor } from "../wait-for.ts";
import type { AdmissionHarness } from "./admission-harness.ts";
import { newClientId, newRequest, sentAgain, TODAY, TOMORROW, UNLIMITED } from "./admission-requests.ts";

/** Facts about refusals, rates and quota. */
export function admissionLimitFacts(harness: () => AdmissionHarness): void {
  let admission: Admission;
  let late: Admission;
  beforeAll(async () => {
    admission = await harness().openGateway();
    late = await harness().openGateway({ takeOverAfterMs: 0 });
  });
  const charged = (client: string, day = TODAY) => harness().readQuota(client, day);
  /** How many of `wanted` requests pass one after another. */
  const countPassing = async (wanted: number, make: () => AdmitRequest) => {
    const outcomes = [];
    for (let sent = 0; sent < wanted; sent += 1) outcomes.push((await admission.admit(make())).outcome);
    return outcomes.filter((outcome) => outcome === "admitted").length;
  };

  it("tells the state of the limits that are set, and of no others", async () => {
    const limits = { perSecond: 0, perMinute: 6, perHour: -1, dailyQuota: 10 };
    const client = newClientId();
    const answer = await admission.admit(newRequest(client, null, { limits, count: 4 }));
    expect(answer).toMatchObject({
      outcome: "admitted",
      limits: [
        { name: "per_minute", limit: 6, remaining: 5, resetS: 10 },
        { name: "daily_quota", limit: 10, remaining: 6 },
      ],
    });
    const day = "limits" in answer ? answer.limits[1]?.resetS : undefined;
    expect(day).toBeGreaterThan(3_590);
    expect(day).toBeLessThanOrEqual(3_600);
    expect(await admission.admit(newRequest(client, null))).toMatchObject({ outcome: "admitted", limits: [] });
  });

  it.each(["perSecond", "perMinute", "perHour"] as const)(
    "passes exactly as many requests at once as %s says",
    async (rate) => {
      const client = newClientId();
      const limits = { ...UNLIMITED, [rate]: 3 };
      expect(await countPassing(5, () => newRequest(client, null, { limits, count: 100 }))).toBe(3);
      const retryAfterS = { perSecond: 1, perMinute: 20, perHour: 1_200 }[rate];
      const name = { perSecond: "per_second", perMinute: "per_minute", perHour: "per_hour" }[rate];
      expect(await admission.admit(newRequest(client, null, { limits }))).toMatchObject({
        outcome: "limited",
        limit: name,
        retryAfterS,
        limits: [{ name, limit: 3, remaining: 0 }],
      });
    },
  );

  it("passes one more request each time the rate allows it", async () => {
    const client = newClientId();
    const limits = { ...UNLIMITED, perSecond: 4 };
    await countPassing(4, () => newRequest(client, null, { limits }));
    for (let more = 0; more < 2; more += 1) {
      const passed = await waitFor(
        async () => (await countPassing(1, () => newRequest(client, null, { limits }))) === 1,
        {
          what: "the rate to recover",
          timeoutMs: 1_000 + BUSY_MACHINE_MS,
        },
      );
      expect(passed).toBe(true);
    }
  });

  it("charges no rate when another one refuses, and names the longest wait", async () => {
    const client = newClientId();
    const hourly = { ...UNLIMITED, perHour: 3 };
    const both = { ...hourly, perSecond: 1, perMinute: 1 };
    await countPassing(1, () => newRequest(client, null, { limits: both }));
    const refused = await admission.admit(newRequest(client, null, { limits: both }));
    expect(refused).toMatchObject({ outcome: "limited", limit: "per_minute", retryAfterS: 60 });
    expect(await countPassing(3, () => newRequest(client, null, { limits: hourly }))).toBe(2);
  });

  it("takes the quota whole or not at all, until the day ends", async () => {
    const client = newClientId();
    const limits = { ...UNLIMITED, dailyQuota: 10 };
    const send = (count: number, day = TODAY) =>
      admission.admit(newRequest(client, null, { limits, count, day, dayEndsAtMs: Date.now() + 7_200_000 }));
    expect(await send(8)).toMatchObject({ outcome: "admitted" });
    const refused = await send(3);
    expect(refused).toMatchObject({ outcome: "limited", limit: "daily_quota", limits: [{ limit: 10, remaining: 2 }] });
    expect(refused.outcome === "limited" && refused.retryAfterS).toSatisfy((s: number) => s > 7_190 && s <= 7_200);
    expect(await charged(client)).toBe(8);
    expect(await send(2)).toMatchObject({ outcome: "admitted" });
    expect(await send(10, TOMORROW)).toMatchObject({ outcome: "admitted" });
    expect([await charged(client), await charged(client, TOMORROW)]).toEqual([10, 10]);
  });

  it("charges no rate when the quota refuses", async () => {
    const client = newClientId();
    const limits = { ...UNLIMITED, perHour: 2, dailyQuota: 5 };
    expect(await countPassing(3, () => newRequest(client, null, { limits, count: 6 }))).toBe(0);
    expect(await countPassing(3, () => newRequest(client, null, { limits, count: 1 }))).toBe(2);
  });

  it("counts what an unlimited client sends, for the day it gets a quota", async () => {
    const client = newClientId();
    await admission.admit(newRequest(client, null, { count: 4 }));
    const limits = { ...UNLIMITED, dailyQuota: 4 };
    expect(await admission.admit(newRequest(client, null, { limits }))).toMatchObject({ limit: "daily_quota" });
  });

  it("charges neither rate nor quota for a replay, an in_progress, a key_reused or a take-over", async () => {
    const client = newClientId();
    const limits = { ...UNLIMITED, perHour: 2, dailyQuota: 4 };
    const request = newRequest(client, "key", { limits, count: 2 });
    const outcomes = [(await admission.admit(request)).outcome];
    outcomes.push((await admission.admit(sentAgain(request))).outcome);
    const holder = sentAgain(request);
    outcomes.push((await late.admit(holder)).outcome);
    outcomes.push((await admission.admit(sentAgain(request, { fingerprint: "e".repeat(64) }))).outcome);
    await late.settle(holder.ref);
    outcomes.push((await admission.admit(sentAgain(request))).outcome);
    expect(outcomes).toEqual(["admitted", "in_progress", "admitted", "key_reused", "replay"]);
    expect(await admission.admit(newRequest(client, null, { limits, count: 2 }))).toMatchObject({
      outcome: "admitted",
      limits: [{ remaining: 0 }, { remaining: 0 }],
    });
  });

  it("replays a stored answer when every limit is used up", async () => {
    const client = newClientId();
    const limits = { perSecond: 0, perMinute: 0, perHour: 1, dailyQuota: 1 };
    const request = newRequest(client, "key", { limits });
    await admission.admit(request);
    await admission.settle(request.ref);
    expect(await admission.admit(newRequest(client, null, { limits }))).toMatchObject({ outcome: "limited" });
    expect(await admission.admit(sentAgain(request))).toMatchObject({ outcome: "replay" });
  });

  it("lets a refusal stand without reserving or charging anything", async () => {
    const client = newClientId();
    const limits = { ...UNLIMITED, perHour: 1, dailyQuota: 1 };
    const request = newRequest(client, "key", { limits, refused: true });
    for (let times = 0; times < 3; times += 1) expect(await admission.admit(request)).toEqual({ outcome: "refused" });
    expect(await charged(client)).toBe(0);
    expect(await admission.admit(sentAgain(request, { refused: false }))).toMatchObject({ outcome: "admitted" });
  });

  it("lets what is stored go before a refusal", async () => {
    const client = newClientId();
    const request = newRequest(client, "key");
    await admission.admit(request);
    const refused = () => sentAgain(request, { refused: true });
    expect(await admission.admit(refused())).toEqual({ outcome: "in_progress" });
    const holder = refused();
    expect(await late.admit(holder)).toMatchObject({ outcome: "admitted", takenOver: true });
    await late.settle(holder.ref);
    expect(await admission.admit(refused())).toMatchObject({ outcome: "replay" });
  });

  it("accepts one of 200 parallel requests with one key", async () => {
    const other = await harness().openGateway();
    const request = newRequest(newClientId(), "key", { count: 3 });
    const sent = Array.from({ length: 200 }, (_, index) => (index % 2 ? admission : other).admit(sentAgain(request)));
    const outcomes = (await Promise.all(sent)).map(({ outcome }) => outcome);
    expect(outcomes.filter((outcome) => outcome === "admitted")).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === "in_progress")).toHaveLength(199);
    expect(await charged(request.ref.clientId)).toBe(3);
  });

  it("accepts exactly 100 of 500 parallel requests against a quota of 100", async () => {
    const other = await harness().openGateway();
    const client = newClientId();
    const limits = { ...UNLIMITED, dailyQuota: 100 };
    const sent = Array.from({ length: 500 }, (_, index) =>
      (index % 2 ? admission : other).admit(newRequest(client, `key ${index}`, { limits })),
    );
    const outcomes = (await Promise.all(sent)).map(({ outcome }) => outcome);
    expect(outcomes.filter((outcome) => outcome === "admitted")).toHaveLength(100);
    expect(outcomes.filter((outcome) => outcome === "limited")).toHaveLength(400);
    expect(await charged(client)).toBe(100);
  });
}
