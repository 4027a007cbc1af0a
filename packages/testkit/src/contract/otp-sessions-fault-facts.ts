import { type OtpSessions, OtpSessionsUnavailableError } from "@sms-gateway/contracts";
import { beforeAll, beforeEach, expect, it } from "vitest";
import { BUSY_MACHINE_MS } from "../busy-machine.ts";
import { waitFor } from "../wait-for.ts";
import { newClientId } from "./admission-requests.ts";
import type { FaultyNetwork } from "./faulty-network.ts";
import type { OtpSessionsHarness } from "./otp-sessions-harness.ts";
import { checkOf, HOUR_MS, newOtpCreate, newOtpResend } from "./otp-sessions-requests.ts";

/** Facts about answers that are lost and stores that are away. */
export function otpFaultFacts(harness: () => OtpSessionsHarness): void {
  let sessions: OtpSessions;
  let faulty: OtpSessions;
  let network: FaultyNetwork;
  beforeAll(async () => {
    sessions = await harness().openGateway();
    const opened = await harness().openFaultyGateway();
    faulty = opened.sessions;
    network = opened.network;
  });
  beforeEach(async () => {
    network.heal();
    await waitFor(async () => (await faulty.health()).ok, { what: "the gateway to be connected" });
  });
  const eventually = (step: () => Promise<unknown>) =>
    waitFor(() => step().then(() => true), { what: "the step to be carried out" });

  it("leaves nothing behind when a create whose answer was lost is discarded", async () => {
    const request = newOtpCreate(newClientId(), { cooldownMs: HOUR_MS });
    const { clientId, sessionId, phoneNumber } = request.ref;
    network.loseNextAnswer();
    await expect(faulty.create(request)).rejects.toBeInstanceOf(OtpSessionsUnavailableError);
    // It was carried out all the same.
    expect(await sessions.get(clientId, sessionId)).toMatchObject({ status: "pending" });
    await eventually(() => faulty.discard(request.ref));
    expect(await sessions.create(newOtpCreate(clientId, { phoneNumber }))).toMatchObject({ outcome: "created" });
  });

  it("undoes a resend once when the answer to the discard is lost too", async () => {
    const request = newOtpCreate(newClientId());
    await sessions.create(request);
    await sessions.resend(newOtpResend(request, "second"));
    const third = newOtpResend(request, "third");
    await faulty.resend(third);
    network.loseNextAnswer();
    await expect(faulty.discard(third.ref)).rejects.toBeInstanceOf(OtpSessionsUnavailableError);
    await eventually(() => faulty.discard(third.ref));
    expect(await sessions.check(checkOf(request, "second"))).toEqual({ outcome: "verified" });
  });

  it("creates nothing when a create arrives after its own discard", async () => {
    const request = newOtpCreate(newClientId(), { cooldownMs: HOUR_MS });
    const { clientId, sessionId, phoneNumber } = request.ref;
    const held = network.holdRequests();
    await expect(faulty.create(request)).rejects.toBeInstanceOf(OtpSessionsUnavailableError);
    await eventually(() => faulty.discard(request.ref));
    await held.deliver();
    expect(await sessions.get(clientId, sessionId)).toBeUndefined();
    expect(await sessions.create(newOtpCreate(clientId, { phoneNumber }))).toMatchObject({ outcome: "created" });
  });

  it("renews nothing when a resend arrives after its own discard", async () => {
    const request = newOtpCreate(newClientId());
    await sessions.create(request);
    const resend = newOtpResend(request);
    const held = network.holdRequests();
    await expect(faulty.resend(resend)).rejects.toBeInstanceOf(OtpSessionsUnavailableError);
    await eventually(() => faulty.discard(resend.ref));
    await held.deliver();
    expect(await sessions.check(checkOf(request))).toEqual({ outcome: "verified" });
  });

  it("has used the code when the answer to a right check is lost", async () => {
    const request = newOtpCreate(newClientId());
    await faulty.create(request);
    network.loseNextAnswer();
    await expect(faulty.check(checkOf(request))).rejects.toBeInstanceOf(OtpSessionsUnavailableError);
    expect(await sessions.check(checkOf(request))).toEqual({ outcome: "already_used" });
  });

  it("rejects every step within 2 s while the store is away, says so, and recovers by itself", async () => {
    const request = newOtpCreate(newClientId());
    const { clientId, sessionId } = request.ref;
    await faulty.create(request);
    network.cut();
    const startedAt = performance.now();
    const steps = [
      () => faulty.create(newOtpCreate(clientId)),
      () => faulty.check(checkOf(request)),
      () => faulty.resend(newOtpResend(request)),
      () => faulty.discard(request.ref),
      () => faulty.get(clientId, sessionId),
    ];
    for (const step of steps) await expect(step()).rejects.toBeInstanceOf(OtpSessionsUnavailableError);
    expect(performance.now() - startedAt).toBeLessThan(2_000 + BUSY_MACHINE_MS);
    expect(await faulty.health()).toMatchObject({ ok: false, detail: expect.any(String) });
    network.heal();
    await eventually(() => faulty.get(clientId, sessionId));
    expect(await faulty.health()).toEqual({ ok: true });
    expect(await faulty.check(checkOf(request))).toEqual({ outcome: "verified" });
  });
}
