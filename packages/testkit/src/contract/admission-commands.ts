import type { Admission, AdmitRequest } from "@sms-gateway/contracts";
import fc from "fast-check";
import { expect } from "vitest";
import { type AdmissionModel, withoutTimes } from "./admission-model.ts";
import { newRequest, TODAY, TOMORROW } from "./admission-requests.ts";

/** One gateway, twice: as it is, and as it sees things when everything pending has grown old. */
export interface Gateway {
  readonly now: Admission;
  readonly later: Admission;
}

/** What the model and the commands know. */
export interface Expected {
  readonly admission: AdmissionModel;
  /** Every request so far, sent or not: a stalled gateway may act on any of them at any time. */
  readonly requests: AdmitRequest[];
}

export interface Real {
  readonly clientId: string;
  readonly gateways: readonly [Gateway, Gateway];
  readQuota(day: string): Promise<number>;
}

type Command = fc.AsyncCommand<Expected, Real>;

const LIMITS = { perSecond: 0, perMinute: 0, perHour: 9, dailyQuota: 12 };
const DAYS = [TODAY, TOMORROW] as const;
const STEPS = ["settle", "release", "abandon"] as const;

const which = fc.constantFrom(0 as const, 1 as const);
const earlier = fc.nat({ max: 1_000 });
const form = fc.record({
  key: fc.constantFrom("k1", "k2", null),
  fingerprint: fc.constantFrom("a".repeat(64), "a".repeat(64), "b".repeat(64)),
  count: fc.integer({ min: 1, max: 4 }),
  day: fc.constantFrom(...DAYS),
  // Mostly not: a refused request seldom changes anything.
  refused: fc.constantFrom(false, false, false, true),
});

/** Arbitrary doings of two gateways, either of which may stall before any step. */
export function admissionCommands(): fc.Arbitrary<Iterable<Command>> {
  return fc.commands(
    [
      fc.record({ gateway: which, form, old: fc.boolean() }).map(sendNew),
      fc.record({ form }).map(stallBeforeSending),
      fc.record({ gateway: which, earlier, old: fc.boolean() }).map(sendEarlier),
      fc.record({ gateway: which, earlier, step: fc.constantFrom(...STEPS) }).map(finishEarlier),
      fc.record({ gateway: which, earlier, step: fc.constantFrom(...STEPS) }).map(finishEarlier),
    ],
    { maxCommands: 60 },
  );
}

type Form = typeof form extends fc.Arbitrary<infer T> ? T : never;
type Choice = { readonly gateway: 0 | 1 };

/** A client's request arrives at a gateway. */
function sendNew(chosen: Choice & { form: Form; old: boolean }): Command {
  return {
    check: () => true,
    run: (expected, real) => admit(expected, real, { ...chosen, request: remember(expected, real, chosen.form) }),
    toString: () => `send ${JSON.stringify(chosen)}`,
  };
}

/** A gateway makes its token and stalls; what it then sends or releases may come in any order. */
function stallBeforeSending(chosen: { form: Form }): Command {
  return {
    check: () => true,
    run: async (expected, real) => {
      remember(expected, real, chosen.form);
    },
    toString: () => `stall before sending ${JSON.stringify(chosen)}`,
  };
}

/** An earlier request arrives (again), with the token and seed it had. */
function sendEarlier(chosen: Choice & { earlier: number; old: boolean }): Command {
  return {
    check: ({ requests }) => requests.length > 0,
    run: (expected, real) => admit(expected, real, { ...chosen, request: pick(expected, chosen.earlier) }),
    toString: () => `send earlier ${JSON.stringify(chosen)}`,
  };
}

/** A gateway wakes up and ends what it believes to hold. */
function finishEarlier(chosen: Choice & { earlier: number; step: (typeof STEPS)[number] }): Command {
  return {
    check: ({ requests }) => requests.length > 0,
    run: async (expected, real) => {
      const { ref } = pick(expected, chosen.earlier);
      expected.admission[chosen.step](ref);
      await real.gateways[chosen.gateway].now[chosen.step](ref);
      await compareQuotas(expected, real);
    },
    toString: () => `finish earlier ${JSON.stringify(chosen)}`,
  };
}

async function admit(
  expected: Expected,
  real: Real,
  { gateway, request, old }: Choice & { request: AdmitRequest; old: boolean },
): Promise<void> {
  const { now, later } = real.gateways[gateway];
  const predicted = expected.admission.admit(request, old);
  expect(withoutTimes(await (old ? later : now).admit(request))).toEqual(predicted);
  await compareQuotas(expected, real);
}

async function compareQuotas(expected: Expected, real: Real): Promise<void> {
  const charged = await Promise.all(DAYS.map((day) => real.readQuota(day)));
  expect(charged).toEqual(DAYS.map((day) => expected.admission.quota(day)));
}

function remember({ requests }: Expected, { clientId }: Real, { key, ...given }: Form): AdmitRequest {
  const request = newRequest(clientId, key, { ...given, limits: LIMITS, memo: `memo ${requests.length}` });
  requests.push(request);
  return request;
}

function pick({ requests }: Expected, index: number): AdmitRequest {
  const request = requests[index % requests.length];
  if (request === undefined) throw new Error("no request so far");
  return request;
}
