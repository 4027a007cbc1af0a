import type { OtpCheckAnswer, OtpCheckRequest, OtpCreateRequest, OtpSessions } from "@sms-gateway/contracts";
import { beforeAll, expect, it } from "vitest";
import { waitFor } from "../wait-for.ts";
import { newClientId } from "./admission-requests.ts";
import type { OtpSessionsHarness } from "./otp-sessions-harness.ts";
import { checkOf, checkOfNumber, newNumber, newOtpCreate } from "./otp-sessions-requests.ts";

const AT_ONCE = 20;

/** Facts about `check`. */
export function otpCheckFacts(harness: () => OtpSessionsHarness): void {
  let sessions: OtpSessions;
  let others: OtpSessions;
  beforeAll(async () => {
    sessions = await harness().openGateway();
    others = await harness().openGateway();
  });
  const stored = ({ ref }: OtpCreateRequest) => sessions.get(ref.clientId, ref.sessionId);
  const create = async (given: Parameters<typeof newOtpCreate>[1] = {}, clientId = newClientId()) => {
    const request = newOtpCreate(clientId, given);
    expect(await sessions.create(request)).toMatchObject({ outcome: "created" });
    return request;
  };
  /** The same check many times at once, by two gateways. */
  const checkAtOnce = (request: OtpCheckRequest): Promise<OtpCheckAnswer[]> =>
    Promise.all(Array.from({ length: AT_ONCE }, (_, i) => (i % 2 === 0 ? sessions : others).check(request)));

  it.each([
    ["the session", checkOf],
    ["the number", checkOfNumber],
  ])("verifies the right code once when asked by %s", async (_, ask) => {
    const request = await create();
    expect(await sessions.check(ask(request))).toEqual({ outcome: "verified" });
    expect(await stored(request)).toMatchObject({ status: "verified", attempts: 0 });
    expect(await others.check(ask(request))).toEqual({ outcome: "already_used" });
    expect(await others.check(ask(request, "wrong"))).toEqual({ outcome: "already_used" });
    expect(await stored(request)).toMatchObject({ status: "verified", attempts: 0 });
  });

  it("takes one attempt for each wrong code, and then no code is right", async () => {
    const request = await create({ attemptsMax: 2 });
    expect(await sessions.check(checkOf(request, "wrong"))).toEqual({ outcome: "incorrect", attemptsRemaining: 1 });
    expect(await stored(request)).toMatchObject({ status: "pending", attempts: 1 });
    expect(await others.check(checkOf(request, "wrong"))).toEqual({ outcome: "incorrect", attemptsRemaining: 0 });
    expect(await stored(request)).toMatchObject({ status: "exhausted", attempts: 2 });
    for (const ask of [checkOf, checkOfNumber]) {
      expect(await sessions.check(ask(request))).toEqual({ outcome: "too_many_attempts" });
    }
    expect(await stored(request)).toMatchObject({ status: "exhausted", attempts: 2 });
  });

  it("verifies with the last attempt", async () => {
    const request = await create({ attemptsMax: 2 });
    await sessions.check(checkOf(request, "wrong"));
    expect(await sessions.check(checkOf(request))).toEqual({ outcome: "verified" });
    expect(await stored(request)).toMatchObject({ status: "verified", attempts: 1 });
  });

  it.each([
    ["the session", checkOf],
    ["the number", checkOfNumber],
  ])("verifies exactly one of many right checks at once, asked by %s", async (_, ask) => {
    const request = await create();
    const outcomes = (await checkAtOnce(ask(request))).map(({ outcome }) => outcome).sort();
    expect(outcomes).toEqual([...Array.from({ length: AT_ONCE - 1 }, () => "already_used"), "verified"]);
  });

  it("takes exactly one attempt for each of many wrong checks at once", async () => {
    const request = await create({ attemptsMax: 7 });
    const answers = await checkAtOnce(checkOf(request, "wrong"));
    const left = answers.flatMap((answer) => ("attemptsRemaining" in answer ? [answer.attemptsRemaining] : []));
    expect(left.sort()).toEqual([0, 1, 2, 3, 4, 5, 6]);
    const refused = answers.filter(({ outcome }) => outcome === "too_many_attempts");
    expect(refused).toHaveLength(AT_ONCE - 7);
    expect(await stored(request)).toMatchObject({ status: "exhausted", attempts: 7 });
  });

  it("tells an expired session from one that never was", async () => {
    const request = await create({ lifeMs: 300 });
    expect(await sessions.check(checkOf(request, "wrong"))).toMatchObject({ outcome: "incorrect" });
    await waitFor(async () => (await stored(request))?.status === "expired", { what: "the end of its life" });
    for (const ask of [checkOf, checkOfNumber]) {
      expect(await sessions.check(ask(request))).toEqual({ outcome: "expired" });
    }
    expect(await stored(request)).toMatchObject({ status: "expired", attempts: 1 });
    const stranger = newOtpCreate(request.ref.clientId);
    for (const ask of [checkOf, checkOfNumber]) {
      expect(await sessions.check(ask(stranger))).toEqual({ outcome: "not_found" });
    }
  });

  it("remembers after its life that a session was used or exhausted", async () => {
    const [used, exhausted] = [await create({ lifeMs: 300 }), await create({ lifeMs: 300, attemptsMax: 1 })];
    const witness = await create({ lifeMs: 300 });
    await sessions.check(checkOf(used));
    await sessions.check(checkOf(exhausted, "wrong"));
    await waitFor(async () => (await stored(witness))?.status === "expired", { what: "the end of their lives" });
    expect(await sessions.check(checkOf(used))).toEqual({ outcome: "already_used" });
    expect(await sessions.check(checkOf(exhausted))).toEqual({ outcome: "too_many_attempts" });
  });

  it("forgets a session some time after it has expired, and then counts the one before as the newest", async () => {
    const forgetful = await harness().openGateway({ keepMs: 300 });
    const before = await create();
    const { clientId, phoneNumber } = before.ref;
    const request = newOtpCreate(clientId, { phoneNumber, lifeMs: 1, code: "short" });
    await forgetful.create(request);
    await waitFor(async () => (await stored(request))?.status === "expired", { what: "its end", intervalMs: 5 });
    expect(await sessions.check(checkOfNumber(request, "short"))).toEqual({ outcome: "expired" });
    await waitFor(async () => (await stored(request)) === undefined, { what: "it to be gone" });
    expect(await sessions.check(checkOf(request, "short"))).toEqual({ outcome: "not_found" });
    expect(await sessions.check(checkOfNumber(before))).toEqual({ outcome: "verified" });
  });

  it("checks the session whose code was sent last when asked by the number, and any by its id", async () => {
    const older = await create({ code: "older" });
    const { clientId, phoneNumber } = older.ref;
    const newer = await create({ phoneNumber, code: "newer" }, clientId);
    expect(await sessions.check(checkOfNumber(older, "older"))).toEqual({ outcome: "incorrect", attemptsRemaining: 2 });
    expect(await stored(newer)).toMatchObject({ attempts: 1 });
    expect(await sessions.check(checkOf(older, "older"))).toEqual({ outcome: "verified" });
    expect(await sessions.check(checkOfNumber(older, "newer"))).toEqual({ outcome: "verified" });
  });

  it("does not fall back to an older session when the newest has ended", async () => {
    const older = await create({ code: "older" });
    const { clientId, phoneNumber } = older.ref;
    const newer = await create({ phoneNumber, code: "newer" }, clientId);
    await sessions.check(checkOf(newer, "newer"));
    expect(await sessions.check(checkOfNumber(older, "older"))).toEqual({ outcome: "already_used" });
    expect(await stored(older)).toMatchObject({ status: "pending", attempts: 0 });
  });

  it("answers another client's, another number's and a misspelled session alike, and takes no attempt", async () => {
    const request = await create();
    const strange = [
      { ...checkOf(request, "wrong"), clientId: newClientId() },
      { ...checkOf(request, "wrong"), phoneNumber: newNumber() },
      { ...checkOf(request, "wrong"), sessionId: "no such session" },
      { ...checkOf(request, "wrong"), sessionId: "" },
    ];
    for (const check of strange) expect(await sessions.check(check)).toEqual({ outcome: "not_found" });
    expect(await stored(request)).toMatchObject({ attempts: 0 });
  });
}
