import { randomUUID } from "node:crypto";
import type { OtpCreateRequest, OtpSession, OtpSessions } from "@sms-gateway/contracts";
import { beforeAll, expect, it } from "vitest";
import { waitFor } from "../wait-for.ts";
import { newClientId } from "./admission-requests.ts";
import type { OtpSessionsHarness } from "./otp-sessions-harness.ts";
import { checkOf, checkOfNumber, HOUR_MS, newOtpCreate, newOtpResend } from "./otp-sessions-requests.ts";

/** The session of an answer that must have one. */
export async function mustSend(
  answer: Promise<{ readonly outcome: string; readonly session?: OtpSession }>,
): Promise<OtpSession> {
  const { outcome, session } = await answer;
  if (session === undefined) throw new Error(`a session was expected, not ${outcome}`);
  return session;
}

/** Facts about `create`, `resend` and `get`. */
export function otpSendFacts(harness: () => OtpSessionsHarness): void {
  let sessions: OtpSessions;
  let others: OtpSessions;
  beforeAll(async () => {
    sessions = await harness().openGateway();
    others = await harness().openGateway();
  });
  const stored = ({ ref }: OtpCreateRequest) => sessions.get(ref.clientId, ref.sessionId);

  it("keeps everything about a session as it was given, and shows no hash", async () => {
    const memo = JSON.stringify({ template: "ÄÖ 🚀 \n\t|", metadata: "\\u0000" });
    const request = newOtpCreate(newClientId(), { memo, attemptsMax: 7, lifeMs: 300_000, cooldownMs: 60_000 });
    const session = await mustSend(sessions.create(request));
    const { sessionId, phoneNumber } = request.ref;
    expect(session).toEqual({
      sessionId,
      phoneNumber,
      status: "pending",
      attempts: 0,
      attemptsMax: 7,
      resends: 0,
      createdAtMs: expect.any(Number),
      expiresAtMs: session.createdAtMs + 300_000,
      resendAvailableAtMs: session.createdAtMs + 60_000,
      memo,
    });
    expect(Math.abs(session.createdAtMs - Date.now())).toBeLessThan(60_000);
    expect(await stored(request)).toEqual(session);
  });

  it("knows neither another client's session nor one that never was", async () => {
    const request = newOtpCreate(newClientId());
    await sessions.create(request);
    expect(await sessions.get(newClientId(), request.ref.sessionId)).toBeUndefined();
    expect(await sessions.get(request.ref.clientId, "no such session")).toBeUndefined();
  });

  it("finds a session however its id is spelled", async () => {
    const request = newOtpCreate(newClientId());
    await sessions.create({ ...request, ref: { ...request.ref, sessionId: request.ref.sessionId.toUpperCase() } });
    expect(await stored(request)).toMatchObject({ sessionId: request.ref.sessionId });
    const loud = request.ref.sessionId.toUpperCase();
    expect(await sessions.get(request.ref.clientId, loud)).toMatchObject({ sessionId: request.ref.sessionId });
    expect(await sessions.check({ ...checkOf(request), sessionId: loud })).toEqual({ outcome: "verified" });
  });

  it.each([
    ["codeHash", { codeHash: "123456" }],
    ["codeHash", { codeHash: "A".repeat(64) }],
    ["lifeMs", { lifeMs: 0 }],
    ["lifeMs", { lifeMs: Number.NaN }],
    ["attemptsMax", { attemptsMax: 101 }],
    ["cooldownMs", { cooldownMs: -1 }],
    ["memo", { memo: "x".repeat(16_385) }],
  ])("rejects a malformed %s before it reaches the store: %o", async (field, given) => {
    const request = { ...newOtpCreate(newClientId()), ...given };
    await expect(sessions.create(request)).rejects.toThrow(TypeError);
    await expect(sessions.create(request)).rejects.toThrow(field);
    expect(await stored(request)).toBeUndefined();
  });

  it("rejects a check and a resend with a code that was forgotten to be hashed", async () => {
    const request = newOtpCreate(newClientId());
    await sessions.create(request);
    await expect(sessions.check({ ...checkOf(request), codeHash: "123456" })).rejects.toThrow("codeHash");
    await expect(sessions.resend({ ...newOtpResend(request), codeHash: "123456" })).rejects.toThrow("codeHash");
    expect(await stored(request)).toMatchObject({ attempts: 0, resends: 0 });
  });

  it("rejects a session under the id of another number's, and changes nothing", async () => {
    const request = newOtpCreate(newClientId());
    const session = await mustSend(sessions.create(request));
    const strange = newOtpCreate(request.ref.clientId, { sessionId: request.ref.sessionId, cooldownMs: HOUR_MS });
    await expect(sessions.create(strange)).rejects.toThrow(TypeError);
    await expect(others.create(strange)).rejects.toThrow("sessionId");
    expect(await stored(request)).toEqual(session);
    expect(await sessions.check(checkOfNumber(strange))).toEqual({ outcome: "not_found" });
    const cooling = newOtpCreate(request.ref.clientId, {
      ...strange.ref,
      sessionId: randomUUID(),
      cooldownMs: HOUR_MS,
    });
    expect(await sessions.create(cooling)).toMatchObject({ outcome: "created" });
    expect(await sessions.create(strange)).toMatchObject({ outcome: "cooldown" });
  });

  it("refuses a second code to a number inside the cooldown, and no other", async () => {
    const request = newOtpCreate(newClientId(), { cooldownMs: 60_000 });
    const { clientId, phoneNumber } = request.ref;
    await sessions.create(request);
    const second = newOtpCreate(clientId, { phoneNumber });
    const refused = await others.create(second);
    expect(refused).toEqual({ outcome: "cooldown", retryAfterS: expect.any(Number) });
    expect("retryAfterS" in refused && refused.retryAfterS).toSatisfy((s: number) => s > 50 && s <= 60);
    expect(await stored(second)).toBeUndefined();
    expect(await sessions.create(newOtpCreate(clientId))).toMatchObject({ outcome: "created" });
    expect(await sessions.create(newOtpCreate(newClientId(), { phoneNumber }))).toMatchObject({ outcome: "created" });
  });

  it("sends again once the cooldown is over", async () => {
    const request = newOtpCreate(newClientId(), { cooldownMs: 300 });
    await sessions.create(request);
    const again = newOtpResend(request);
    expect(await sessions.resend(again)).toEqual({ outcome: "cooldown", retryAfterS: 1 });
    await waitFor(async () => (await sessions.resend(again)).outcome === "renewed", { what: "the cooldown's end" });
    const next = newOtpCreate(request.ref.clientId, { phoneNumber: request.ref.phoneNumber });
    expect(await sessions.create(next)).toEqual({ outcome: "cooldown", retryAfterS: 1 });
    await waitFor(async () => (await sessions.create(next)).outcome === "created", { what: "the next cooldown's end" });
  });

  it("sends one code when many are asked for at once", async () => {
    const client = newClientId();
    const first = newOtpCreate(client, { cooldownMs: 60_000 });
    const { phoneNumber } = first.ref;
    const creates = Array.from({ length: 12 }, (_, i) =>
      (i % 2 === 0 ? sessions : others).create(newOtpCreate(client, { phoneNumber, cooldownMs: 60_000 })),
    );
    const created = (await Promise.all(creates)).filter(({ outcome }) => outcome === "created");
    expect(created).toHaveLength(1);

    const request = newOtpCreate(client, { cooldownMs: 2_000 });
    await sessions.create(request);
    const renewed = await waitFor(
      async () => {
        const resends = Array.from({ length: 12 }, (_, i) =>
          (i % 2 === 0 ? sessions : others).resend(newOtpResend(request)),
        );
        return (await Promise.all(resends)).filter(({ outcome }) => outcome === "renewed").length;
      },
      { what: "the cooldown's end" },
    );
    expect(renewed).toBe(1);
    expect(await stored(request)).toMatchObject({ resends: 1 });
  });

  it("renews code and life with a resend, and keeps the attempts", async () => {
    const request = newOtpCreate(newClientId());
    const before = await mustSend(sessions.create(request));
    await sessions.check(checkOf(request, "wrong"));
    await waitFor(() => Date.now() > before.createdAtMs + 5, { what: "the clock" });
    const after = await mustSend(others.resend(newOtpResend(request)));
    expect(after).toMatchObject({ status: "pending", attempts: 1, resends: 1, createdAtMs: before.createdAtMs });
    expect(after.expiresAtMs).toBeGreaterThan(before.expiresAtMs);
    expect(await stored(request)).toEqual(after);
    expect(await sessions.check(checkOf(request))).toEqual({ outcome: "incorrect", attemptsRemaining: 1 });
    expect(await sessions.check(checkOf(request, "new"))).toEqual({ outcome: "verified" });
  });

  it("resends nothing to a session that is used, exhausted, expired or unknown, whatever the cooldown", async () => {
    const client = newClientId();
    const [used, exhausted, expired] = [{ cooldownMs: HOUR_MS }, { attemptsMax: 1 }, { lifeMs: 1 }].map((given) =>
      newOtpCreate(client, given),
    );
    if (used === undefined || exhausted === undefined || expired === undefined) throw new Error("three requests");
    for (const request of [used, exhausted, expired]) await sessions.create(request);
    await sessions.check(checkOf(used));
    await sessions.check(checkOf(exhausted, "wrong"));
    await waitFor(async () => (await stored(expired))?.status === "expired", { what: "its end" });
    expect(await sessions.resend(newOtpResend(used))).toEqual({ outcome: "used" });
    expect(await sessions.resend(newOtpResend(exhausted))).toEqual({ outcome: "exhausted" });
    expect(await sessions.resend(newOtpResend(expired))).toEqual({ outcome: "expired" });
    expect(await sessions.resend(newOtpResend(newOtpCreate(client)))).toEqual({ outcome: "not_found" });
    const { ref } = newOtpCreate(client, { sessionId: used.ref.sessionId });
    expect(await sessions.resend({ ref, codeHash: used.codeHash })).toEqual({ outcome: "not_found" });
  });

  it("makes the session newest whose code was resent last", async () => {
    const older = newOtpCreate(newClientId(), { code: "older" });
    const { clientId, phoneNumber } = older.ref;
    const newer = newOtpCreate(clientId, { phoneNumber, code: "newer" });
    await sessions.create(older);
    await sessions.create(newer);
    expect(await sessions.check(checkOfNumber(older, "older"))).toMatchObject({ outcome: "incorrect" });
    await sessions.resend(newOtpResend(older, "older again"));
    expect(await sessions.check(checkOfNumber(older, "older again"))).toEqual({ outcome: "verified" });
    expect(await stored(newer)).toMatchObject({ status: "pending", attempts: 1 });
  });

  it("repeats its answer to the same token", async () => {
    const request = newOtpCreate(newClientId(), { cooldownMs: HOUR_MS });
    const created = await sessions.create(request);
    expect(await others.create(request)).toEqual(created);
    const next = newOtpCreate(newClientId());
    await sessions.create(next);
    const resend = newOtpResend(next);
    const renewed = await sessions.resend(resend);
    expect(await others.resend(resend)).toEqual(renewed);
    expect(await stored(next)).toMatchObject({ resends: 1 });
  });

  it("gives a session to another token as it is", async () => {
    const request = newOtpCreate(newClientId(), { cooldownMs: HOUR_MS });
    const session = await mustSend(sessions.create(request));
    const again = { ...newOtpCreate(request.ref.clientId, { ...request.ref, token: "another" }), memo: "another" };
    expect(await others.create(again)).toEqual({ outcome: "created", session, takenOver: true });
    expect(await stored(request)).toEqual(session);
  });
}
