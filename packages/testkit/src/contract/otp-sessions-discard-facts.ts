import type { OtpCreateRequest, OtpSessions } from "@sms-gateway/contracts";
import { beforeAll, expect, it } from "vitest";
import { waitFor } from "../wait-for.ts";
import { newClientId } from "./admission-requests.ts";
import type { OtpSessionsHarness } from "./otp-sessions-harness.ts";
import { checkOf, checkOfNumber, HOUR_MS, newOtpCreate, newOtpResend } from "./otp-sessions-requests.ts";
import { mustSend } from "./otp-sessions-send-facts.ts";

/** Facts about `discard`. */
export function otpDiscardFacts(harness: () => OtpSessionsHarness): void {
  let sessions: OtpSessions;
  beforeAll(async () => {
    sessions = await harness().openGateway();
  });
  const stored = ({ ref }: OtpCreateRequest) => sessions.get(ref.clientId, ref.sessionId);

  it("leaves no session and no cooldown of a create behind, however often it is repeated", async () => {
    const request = newOtpCreate(newClientId(), { cooldownMs: HOUR_MS });
    await sessions.create(request);
    for (let times = 0; times < 3; times += 1) await sessions.discard(request.ref);
    expect(await stored(request)).toBeUndefined();
    expect(await sessions.check(checkOfNumber(request))).toEqual({ outcome: "not_found" });
    const next = newOtpCreate(request.ref.clientId, { phoneNumber: request.ref.phoneNumber });
    expect(await sessions.create(next)).toMatchObject({ outcome: "created", takenOver: false });
  });

  it("gives a number back its newest session and the cooldown of that one", async () => {
    const older = newOtpCreate(newClientId(), { code: "older", cooldownMs: 1 });
    const { clientId, phoneNumber } = older.ref;
    await sessions.create(older);
    const newer = newOtpCreate(clientId, { phoneNumber, code: "newer", cooldownMs: HOUR_MS });
    await waitFor(async () => (await sessions.create(newer)).outcome === "created", { what: "the cooldown's end" });
    expect(await sessions.resend(newOtpResend(older))).toMatchObject({ outcome: "cooldown" });
    await sessions.discard(newer.ref);
    expect(await sessions.resend(newOtpResend(older))).toMatchObject({ outcome: "renewed" });
    expect(await sessions.check(checkOfNumber(older, "new"))).toEqual({ outcome: "verified" });
  });

  it("restores everything as it was before a resend, but for the wrong checks made meanwhile", async () => {
    const older = newOtpCreate(newClientId(), { code: "older" });
    const { clientId, phoneNumber } = older.ref;
    const before = await mustSend(sessions.create(older));
    const newer = newOtpCreate(clientId, { phoneNumber, code: "newer" });
    await sessions.create(newer);
    const resend = newOtpResend(older);
    await waitFor(() => Date.now() > before.createdAtMs + 5, { what: "the clock" });
    await mustSend(sessions.resend(resend));
    expect(await sessions.check(checkOf(older, "older"))).toMatchObject({ outcome: "incorrect" });
    for (let times = 0; times < 3; times += 1) await sessions.discard(resend.ref);
    expect(await stored(older)).toEqual({ ...before, attempts: 1 });
    expect(await sessions.check(checkOf(older, "new"))).toEqual({ outcome: "incorrect", attemptsRemaining: 1 });
    expect(await sessions.check(checkOfNumber(older, "newer"))).toEqual({ outcome: "verified" });
    expect(await sessions.check(checkOf(older, "older"))).toEqual({ outcome: "verified" });
  });

  it("leaves no cooldown of a resend behind", async () => {
    const request = newOtpCreate(newClientId(), { cooldownMs: 300 });
    await sessions.create(request);
    const last = await waitFor(
      async () => {
        const resend = newOtpResend(request);
        return (await sessions.resend(resend)).outcome === "renewed" ? resend : undefined;
      },
      { what: "the cooldown's end" },
    );
    await sessions.discard(last.ref);
    expect(await sessions.resend(newOtpResend(request))).toMatchObject({ outcome: "renewed" });
  });

  it("undoes the last resend only", async () => {
    const request = newOtpCreate(newClientId(), { code: "first" });
    await sessions.create(request);
    const [second, third] = [newOtpResend(request, "second"), newOtpResend(request, "third")];
    await sessions.resend(second);
    await sessions.resend(third);
    for (const { ref } of [request, second]) await sessions.discard(ref);
    expect(await stored(request)).toMatchObject({ resends: 2 });
    await sessions.discard(third.ref);
    await sessions.discard(second.ref);
    expect(await stored(request)).toMatchObject({ resends: 1 });
    expect(await sessions.check(checkOf(request, "second"))).toEqual({ outcome: "verified" });
  });

  it("takes nothing back once the code has been verified", async () => {
    const created = newOtpCreate(newClientId());
    await sessions.create(created);
    await sessions.check(checkOf(created));
    await sessions.discard(created.ref);
    expect(await sessions.check(checkOf(created))).toEqual({ outcome: "already_used" });

    const resent = newOtpCreate(newClientId());
    await sessions.create(resent);
    const resend = newOtpResend(resent);
    await sessions.resend(resend);
    await sessions.check(checkOf(resent, "new"));
    await sessions.discard(resend.ref);
    expect(await sessions.check(checkOf(resent))).toEqual({ outcome: "already_used" });
  });

  it("takes back neither by the old nor by the new token what was taken over", async () => {
    const request = newOtpCreate(newClientId());
    await sessions.create(request);
    const again = newOtpCreate(request.ref.clientId, { ...request.ref, token: "another" });
    await sessions.create(again);
    for (const { ref } of [request, again]) await sessions.discard(ref);
    expect(await sessions.check(checkOf(request))).toEqual({ outcome: "verified" });
  });

  it("touches nothing unless all parts of the name are right", async () => {
    const request = newOtpCreate(newClientId(), { cooldownMs: HOUR_MS });
    await sessions.create(request);
    const { ref } = request;
    const { ref: other } = newOtpCreate(newClientId());
    for (const part of ["clientId", "phoneNumber", "sessionId", "token"] as const) {
      await sessions.discard({ ...ref, [part]: other[part] });
    }
    const next = newOtpCreate(ref.clientId, { phoneNumber: ref.phoneNumber });
    expect(await sessions.create(next)).toMatchObject({ outcome: "cooldown" });
    expect(await sessions.check(checkOf(request))).toEqual({ outcome: "verified" });
  });

  it("lets a discarded token neither create nor resend", async () => {
    const request = newOtpCreate(newClientId());
    await sessions.discard(request.ref);
    expect(await sessions.create(request)).toEqual({ outcome: "discarded" });
    expect(await stored(request)).toBeUndefined();
    const alive = newOtpCreate(request.ref.clientId, { sessionId: request.ref.sessionId });
    expect(await sessions.create(alive)).toMatchObject({ outcome: "created" });
    const resend = newOtpResend(alive);
    await sessions.discard(resend.ref);
    expect(await sessions.resend(resend)).toEqual({ outcome: "discarded" });
    expect(await sessions.check(checkOf(alive))).toEqual({ outcome: "verified" });
  });
}
