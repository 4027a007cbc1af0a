import type { Admission, AdmitAnswer, AdmitRequest } from "@sms-gateway/contracts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { waitFor } from "../wait-for.ts";
import { admissionFaultFacts } from "./admission-fault-facts.ts";
import type { AdmissionHarness } from "./admission-harness.ts";
import { admissionLimitFacts } from "./admission-limit-facts.ts";
import { admissionModelFacts } from "./admission-model-facts.ts";
import { newClientId, newRequest, sentAgain, TODAY, TOMORROW } from "./admission-requests.ts";

/** The contract of the port `Admission`, for every adapter. Nothing in here knows what the adapter is made of. */
export function admissionContract(name: string, makeHarness: () => Promise<AdmissionHarness>): void {
  describe(`${name} keeps the contract of Admission`, () => {
    let harness: AdmissionHarness | undefined;
    const present = () => {
      if (harness === undefined) throw new Error("the harness is not ready");
      return harness;
    };
    beforeAll(async () => {
      harness = await makeHarness();
    });
    afterAll(() => harness?.close());

    describe("reservations", () => reservationFacts(present));
    describe("limits", () => admissionLimitFacts(present));
    describe("faults", () => admissionFaultFacts(present));
    describe("model", () => admissionModelFacts(present));
  });
}

/** The answer to a request that must be admitted. */
async function mustAdmit(admission: Admission, request: AdmitRequest) {
  const answer = await admission.admit(request);
  if (answer.outcome !== "admitted") throw new Error(`admitted was expected, not ${answer.outcome}`);
  return answer;
}

function reservationFacts(harness: () => AdmissionHarness): void {
  let admission: Admission;
  let late: Admission;
  beforeAll(async () => {
    admission = await harness().openGateway();
    late = await harness().openGateway({ takeOverAfterMs: 0 });
  });
  const charged = (request: AdmitRequest, day = TODAY) => harness().readQuota(request.ref.clientId, day);

  it("keeps everything about a request as it was given", async () => {
    const memo = JSON.stringify({ template: 3, refused: "🚫\n\t|".repeat(80) });
    const request = newRequest(newClientId(), "key", { count: 7, memo, simulated: false });
    const { seed, token } = request.ref;
    const { fingerprint, acceptedAtMs } = request;
    const kept = {
      seed,
      token,
      fingerprint,
      acceptedAtMs,
      count: 7,
      chargedDay: TODAY,
      chargedAmount: 7,
      simulated: false,
      memo,
    };
    expect(await admission.admit(request)).toEqual({
      outcome: "admitted",
      reservation: kept,
      takenOver: false,
      limits: [],
    });
    await admission.settle(request.ref);
    expect(await admission.admit(sentAgain(request))).toEqual({ outcome: "replay", reservation: kept });
  });

  it("answers in_progress until the first request with the key is settled, then replays", async () => {
    const request = newRequest(newClientId(), "key", { count: 2 });
    await mustAdmit(admission, request);
    expect(await admission.admit(sentAgain(request))).toEqual({ outcome: "in_progress" });
    await admission.settle(request.ref);
    expect(await admission.admit(sentAgain(request))).toMatchObject({ outcome: "replay" });
    expect(await charged(request)).toBe(2);
  });

  it("answers key_reused to another request with the key, whatever the state of the first", async () => {
    const client = newClientId();
    const other = (key: string) => newRequest(client, key, { fingerprint: "e".repeat(64) });
    const [pending, settled, abandoned] = ["pending", "settled", "abandoned"].map((key) => newRequest(client, key));
    if (pending === undefined || settled === undefined || abandoned === undefined) throw new Error("three requests");
    for (const request of [pending, settled, abandoned]) await mustAdmit(admission, request);
    await admission.settle(settled.ref);
    await admission.abandon(abandoned.ref);
    for (const key of ["pending", "settled", "abandoned"]) {
      expect(await late.admit(other(key))).toEqual({ outcome: "key_reused" });
    }
  });

  it("repeats the answer to the same token and charges once", async () => {
    const request = newRequest(newClientId(), "key", { count: 3 });
    const first = await mustAdmit(admission, request);
    expect(await admission.admit(request)).toEqual(first);
    expect(await late.admit(request)).toEqual(first);
    expect(await charged(request)).toBe(3);
  });

  it("keeps clients and keys apart", async () => {
    const one = newRequest(newClientId(), "key");
    await mustAdmit(admission, one);
    await mustAdmit(admission, newRequest(newClientId(), "key"));
    await mustAdmit(admission, newRequest(one.ref.clientId, "other key"));
    await mustAdmit(admission, newRequest(one.ref.clientId, null));
    await mustAdmit(admission, newRequest(one.ref.clientId, null));
    expect(await charged(one)).toBe(4);
  });

  it("gives a pending reservation to the next request once it is too old", async () => {
    const soon = await harness().openGateway({ takeOverAfterMs: 250 });
    const request = newRequest(newClientId(), "key", { count: 2 });
    const first = await mustAdmit(soon, request);
    const second = sentAgain(request, { day: TOMORROW, memo: "another" });
    expect(await soon.admit(second)).toEqual({ outcome: "in_progress" });
    const taken = await waitFor(async () => admittedOrNot(await soon.admit(second)), { what: "the take-over" });
    expect(taken.takenOver).toBe(true);
    expect(taken.reservation).toEqual({ ...first.reservation, token: second.ref.token });
    expect([await charged(request), await charged(request, TOMORROW)]).toEqual([2, 0]);
  });

  it("gives an abandoned reservation to the next request at once", async () => {
    const request = newRequest(newClientId(), "key", { count: 2 });
    const first = await mustAdmit(admission, request);
    await admission.abandon(request.ref);
    const second = sentAgain(request);
    const taken = await mustAdmit(admission, second);
    expect(taken).toMatchObject({ takenOver: true, reservation: { ...first.reservation, token: second.ref.token } });
    expect(await charged(request)).toBe(2);
    await admission.settle(second.ref);
    expect(await admission.admit(sentAgain(request))).toEqual({ outcome: "replay", reservation: taken.reservation });
  });

  it("settles an abandoned reservation when its confirm comes late", async () => {
    const request = newRequest(newClientId(), "key");
    await mustAdmit(admission, request);
    await admission.abandon(request.ref);
    await admission.settle(request.ref);
    expect(await admission.admit(sentAgain(request))).toMatchObject({ outcome: "replay" });
  });

  it("lets a stalled gateway neither free, settle nor abandon a key that was taken over", async () => {
    const stalled = newRequest(newClientId(), "key", { count: 2 });
    await mustAdmit(admission, stalled);
    const holder = sentAgain(stalled);
    await mustAdmit(late, holder);
    for (const step of ["release", "abandon", "settle"] as const) await admission[step](stalled.ref);
    expect(await admission.admit(sentAgain(stalled))).toEqual({ outcome: "in_progress" });
    expect(await charged(stalled)).toBe(2);
    await late.settle(holder.ref);
    await admission.release(stalled.ref);
    expect(await admission.admit(sentAgain(stalled))).toMatchObject({ outcome: "replay" });
  });

  it("never frees what was taken over, because the first publish may have happened", async () => {
    const request = newRequest(newClientId(), "key", { count: 2 });
    const first = await mustAdmit(admission, request);
    const second = sentAgain(request);
    await mustAdmit(late, second);
    await late.release(second.ref);
    expect(await charged(request)).toBe(2);
    const third = await mustAdmit(admission, sentAgain(request));
    expect(third).toMatchObject({ takenOver: true, reservation: { seed: first.reservation.seed } });
  });

  it("frees neither a settled nor an abandoned reservation", async () => {
    const client = newClientId();
    const [settled, abandoned] = [newRequest(client, "settled"), newRequest(client, "abandoned")];
    for (const request of [settled, abandoned]) await mustAdmit(admission, request);
    await admission.settle(settled.ref);
    await admission.abandon(abandoned.ref);
    for (const { ref } of [settled, abandoned]) await admission.release(ref);
    expect(await charged(settled)).toBe(2);
    expect(await admission.admit(sentAgain(settled))).toMatchObject({ outcome: "replay" });
    expect(await admission.admit(sentAgain(abandoned))).toMatchObject({ outcome: "admitted", takenOver: true });
  });

  it("credits the day that was charged, once, and frees the key", async () => {
    const request = newRequest(newClientId(), "key", { count: 5 });
    await mustAdmit(admission, request);
    await mustAdmit(admission, newRequest(request.ref.clientId, "tomorrow", { count: 3, day: TOMORROW }));
    for (let times = 0; times < 3; times += 1) await admission.release(request.ref);
    expect([await charged(request), await charged(request, TOMORROW)]).toEqual([0, 3]);
    const again = await mustAdmit(admission, sentAgain(request, { day: TOMORROW }));
    expect(again).toMatchObject({ takenOver: false, reservation: { chargedDay: TOMORROW } });
  });

  it("takes a request without a key like any other, under its seed", async () => {
    const request = newRequest(newClientId(), null, { count: 2 });
    const first = await mustAdmit(admission, request);
    expect(await admission.admit(request)).toEqual(first);
    await admission.release(request.ref);
    expect(await charged(request)).toBe(0);
    const settled = newRequest(request.ref.clientId, null);
    await mustAdmit(admission, settled);
    await admission.settle(settled.ref);
    await admission.release(settled.ref);
    expect(await charged(settled)).toBe(1);
  });

  it("forgets an answer after the time it is to be kept", async () => {
    const request = newRequest(newClientId(), "key", { keepMs: 300 });
    await mustAdmit(admission, request);
    await admission.settle(request.ref);
    expect(await admission.admit(sentAgain(request))).toMatchObject({ outcome: "replay" });
    const next = await waitFor(async () => admittedOrNot(await admission.admit(sentAgain(request))), {
      what: "its end",
    });
    expect(next.takenOver).toBe(false);
  });

  it("keeps an unsettled reservation for as long as its answer would be kept", async () => {
    const request = newRequest(newClientId(), "key", { keepMs: 1_500 });
    await mustAdmit(admission, request);
    const later = sentAgain(request);
    const taken = await mustAdmit(late, later);
    expect(taken.takenOver).toBe(true);
    await late.abandon(later.ref);
    expect((await mustAdmit(admission, sentAgain(request))).takenOver).toBe(true);
  });
}

function admittedOrNot(answer: AdmitAnswer) {
  return answer.outcome === "admitted" ? answer : undefined;
}
