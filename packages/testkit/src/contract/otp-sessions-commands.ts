import { randomUUID } from "node:crypto";
import type { OtpCreateRequest, OtpResendRequest, OtpSessions } from "@sms-gateway/contracts";
import fc from "fast-check";
import { expect } from "vitest";
import { waitFor } from "../wait-for.ts";
import { type OtpSessionsModel, withoutAnswerTimes, withoutSessionTimes } from "./otp-sessions-model.ts";
import { HOUR_MS, hashOf, newOtpCreate, newOtpResend } from "./otp-sessions-requests.ts";

/** One gateway, twice: as it is, and as one that keeps no session after its life. */
export interface OtpGateway {
  readonly keeping: OtpSessions;
  readonly forgetting: OtpSessions;
}

/** A code on its way: carried out or not, a stalled gateway may come back to it at any time. */
type Sending =
  | { readonly step: "create"; readonly request: OtpCreateRequest; readonly isKept: boolean }
  | { readonly step: "resend"; readonly request: OtpResendRequest };

/** What the model and the commands know. */
export interface ExpectedOtp {
  readonly model: OtpSessionsModel;
  readonly sendings: Sending[];
}

export interface RealOtp {
  readonly clientId: string;
  readonly gateways: readonly [OtpGateway, OtpGateway];
}

type Command = fc.AsyncCommand<ExpectedOtp, RealOtp>;
type Choice = { readonly gateway: 0 | 1 };

/** Mostly the same, so that sessions meet. */
const NUMBERS = ["+12025550101", "+12025550101", "+12025550101", "+12025550102"] as const;
const CODES = ["one", "two"] as const;

const gateway = fc.constantFrom(0 as const, 1 as const);
const code = fc.constantFrom(...CODES);
/** Counted from the last: what happened just now is what a step may spoil. */
const earlier = fc.nat({ max: 7 });
const form = fc.record({
  phoneNumber: fc.constantFrom(...NUMBERS),
  code,
  // Mostly long and without: a session that has ended or cools down answers everything alike.
  lifeMs: fc.constantFrom(HOUR_MS, HOUR_MS, HOUR_MS, 1),
  cooldownMs: fc.constantFrom(0, 0, 0, HOUR_MS),
  attemptsMax: fc.integer({ min: 1, max: 4 }),
  isKept: fc.boolean(),
});
type Form = typeof form extends fc.Arbitrary<infer T> ? T : never;

/** Arbitrary doings of two gateways, either of which may stall before any step, and of somebody who guesses. */
export function otpCommands(): fc.Arbitrary<Iterable<Command>> {
  return fc.commands(
    [
      fc.record({ gateway, form, isStalled: fc.constantFrom(false, false, true) }).map(createNew),
      fc.record({ gateway, earlier, code, isStalled: fc.constantFrom(false, false, true) }).map(resendNew),
      fc.record({ gateway, earlier, isRepeated: fc.boolean() }).map(sendEarlier),
      fc.record({ gateway, earlier }).map(discardEarlier),
      fc.record({ gateway, earlier, code, ofNumber: fc.boolean() }).map(check),
      fc.record({ gateway, earlier, code, ofNumber: fc.boolean() }).map(check),
    ],
    { maxCommands: 50, size: "max" },
  );
}

/** Each number's newest session is the one that the model says, and every session that was ever named is as it says. */
export async function compareSessions({ model, sendings }: ExpectedOtp, real: RealOtp): Promise<void> {
  const { clientId, gateways } = real;
  for (const phoneNumber of new Set(NUMBERS)) {
    const guess = { clientId, phoneNumber, sessionId: null, codeHash: hashOf("no such code") };
    expect(await gateways[0].keeping.check(guess)).toEqual(model.check(guess));
  }
  for (const sessionId of new Set(sendings.map(({ request }) => request.ref.sessionId))) {
    await compareSession(model, real, sessionId);
  }
}

/** A code is asked for; the gateway may stall before it asks the store. */
function createNew(chosen: Choice & { form: Form; isStalled: boolean }): Command {
  return {
    check: () => true,
    run: async (expected, real) => {
      const { isKept, ...given } = chosen.form;
      const memo = `memo ${expected.sendings.length}`;
      const sending = { step: "create" as const, request: newOtpCreate(real.clientId, { ...given, memo }), isKept };
      expected.sendings.push(sending);
      if (!chosen.isStalled) await send(expected, real, { ...chosen, sending });
    },
    toString: () => `create ${JSON.stringify(chosen)}`,
  };
}

/** Another code is asked for a session, be it still there or not. */
function resendNew(chosen: Choice & { earlier: number; code: string; isStalled: boolean }): Command {
  return {
    check: ({ sendings }) => sendings.length > 0,
    run: async (expected, real) => {
      const { ref } = pick(expected, chosen.earlier).request;
      const request = newOtpResend({ ...newOtpCreate(real.clientId), ref }, chosen.code);
      const sending = { step: "resend" as const, request };
      expected.sendings.push(sending);
      if (!chosen.isStalled) await send(expected, real, { ...chosen, sending });
    },
    toString: () => `resend ${JSON.stringify(chosen)}`,
  };
}

/** An earlier step arrives (again), as it was or by another gateway that does the same request under its own token. */
function sendEarlier(chosen: Choice & { earlier: number; isRepeated: boolean }): Command {
  return {
    check: ({ sendings }) => sendings.length > 0,
    run: async (expected, real) => {
      const sent = pick(expected, chosen.earlier);
      const sending = chosen.isRepeated ? sent : withNewToken(sent);
      if (!chosen.isRepeated) expected.sendings.push(sending);
      await send(expected, real, { ...chosen, sending });
    },
    toString: () => `send earlier ${JSON.stringify(chosen)}`,
  };
}

/** A gateway wakes up and takes back what it believes not to have published. */
function discardEarlier(chosen: Choice & { earlier: number }): Command {
  return {
    check: ({ sendings }) => sendings.length > 0,
    run: async (expected, real) => {
      const { ref } = pick(expected, chosen.earlier).request;
      expected.model.discard(ref);
      await real.gateways[chosen.gateway].keeping.discard(ref);
      await compareSession(expected.model, real, ref.sessionId);
    },
    toString: () => `discard earlier ${JSON.stringify(chosen)}`,
  };
}

/** Somebody types a code. */
function check(chosen: Choice & { earlier: number; code: string; ofNumber: boolean }): Command {
  return {
    check: ({ sendings }) => sendings.length > 0,
    run: async (expected, real) => {
      const { clientId, phoneNumber, sessionId } = pick(expected, chosen.earlier).request.ref;
      const codeHash = hashOf(chosen.code);
      const request = { clientId, phoneNumber, sessionId: chosen.ofNumber ? null : sessionId, codeHash };
      const predicted = expected.model.check(request);
      expect(await real.gateways[chosen.gateway].forgetting.check(request)).toEqual(predicted);
      await compareSession(expected.model, real, sessionId);
    },
    toString: () => `check ${JSON.stringify(chosen)}`,
  };
}

async function send(
  { model }: ExpectedOtp,
  real: RealOtp,
  { gateway: which, sending }: Choice & { sending: Sending },
): Promise<void> {
  const { keeping, forgetting } = real.gateways[which];
  if (sending.step === "resend") {
    const predicted = model.resend(sending.request);
    expect(withoutAnswerTimes(await keeping.resend(sending.request))).toEqual(predicted);
  } else {
    const { request, isKept } = sending;
    const predicted = model.create(request);
    expect(withoutAnswerTimes(await (isKept ? keeping : forgetting).create(request))).toEqual(predicted);
    if (request.lifeMs !== HOUR_MS) await outlive(model, real, { request, isKept });
  }
  await compareSession(model, real, sending.request.ref.sessionId);
}

/** Lets a short life end in the store, then in the model. */
async function outlive(
  model: OtpSessionsModel,
  { clientId, gateways: [{ keeping }] }: RealOtp,
  { request, isKept }: { readonly request: OtpCreateRequest; readonly isKept: boolean },
): Promise<void> {
  const { sessionId } = request.ref;
  model.elapse(sessionId, { isKept });
  const predicted = model.get(sessionId)?.status;
  await waitFor(async () => (await keeping.get(clientId, sessionId))?.status === predicted, {
    what: `the session to be ${predicted ?? "gone"}`,
    intervalMs: 1,
  });
}

async function compareSession(model: OtpSessionsModel, real: RealOtp, sessionId: string): Promise<void> {
  const found = await real.gateways[1].keeping.get(real.clientId, sessionId);
  expect(found === undefined ? undefined : withoutSessionTimes(found)).toEqual(model.get(sessionId));
}

function withNewToken(sending: Sending): Sending {
  const ref = { ...sending.request.ref, token: randomUUID() };
  return sending.step === "create"
    ? { ...sending, request: { ...sending.request, ref } }
    : { ...sending, request: { ...sending.request, ref } };
}

function pick({ sendings }: ExpectedOtp, before: number): Sending {
  const sending = sendings.at(-1 - (before % sendings.length));
  if (sending === undefined) throw new Error("nothing was sent so far");
  return sending;
}
