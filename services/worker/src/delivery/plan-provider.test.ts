import { type DirectoryProvider, PROVIDER_NAMES, type ProviderName } from "@sms-gateway/contracts";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type PlanningContext, type PlanRequest, planProvider, planWaitingProvider } from "./plan-provider.ts";

function provider(name: ProviderName, changes: Partial<DirectoryProvider> = {}): DirectoryProvider {
  return {
    name,
    enabled: true,
    paused: false,
    priority: 1,
    accounts: { live: false, lab: true },
    capabilities: { message_types: ["text", "unicode"], alphanumeric_senders: true },
    ...changes,
  };
}

function request(changes: Partial<PlanRequest> = {}): PlanRequest {
  return {
    requested: [],
    simulated: true,
    messageType: "text",
    sender: null,
    tried: new Set(),
    ruledOut: new Set(),
    ...changes,
  };
}

function context(changes: Partial<PlanningContext> = {}): PlanningContext {
  return {
    providers: PROVIDER_NAMES.map((name) => provider(name)),
    defaultProvider: undefined,
    passesCircuit: () => true,
    ...changes,
  };
}

const next = (changes: Partial<PlanRequest> = {}, rest: Partial<PlanningContext> = {}): ProviderName | null =>
  planProvider(request(changes), context(rest)).provider;
const waitedFor = (changes: Partial<PlanRequest> = {}, rest: Partial<PlanningContext> = {}): ProviderName | null =>
  planWaitingProvider(request(changes), context(rest)).provider;

describe("planProvider", () => {
  it("asks named providers in the given order, and nobody else", () => {
    const requested = ["plivo", "twilio"] as const;
    expect(next({ requested })).toBe("plivo");
    expect(next({ requested, tried: new Set(["plivo"]) })).toBe("twilio");
    expect(next({ requested, tried: new Set(["plivo", "twilio"]) })).toBeNull();
  });

  it("selects by priority, the default provider first among equals, then in the order of the list", () => {
    const providers = [
      provider("twilio", { priority: 2 }),
      provider("plivo"),
      provider("nexmo"),
      provider("aws_sns"),
      provider("clickatell", { priority: 2 }),
    ];
    const order = (defaultProvider: ProviderName | undefined): (ProviderName | null)[] => {
      const tried = new Set<ProviderName>();
      return providers.map(() => {
        const planned = next({ tried }, { providers, defaultProvider });
        if (planned !== null) tried.add(planned);
        return planned;
      });
    };
    expect(order("plivo")).toEqual(["plivo", "aws_sns", "nexmo", "twilio", "clickatell"]);
    expect(order("twilio")).toEqual(["aws_sns", "plivo", "nexmo", "twilio", "clickatell"]);
  });

  it.each([
    ["disabled", { enabled: false }],
    ["paused", { paused: true }],
    ["without an account of this kind", { accounts: { live: true, lab: false } }],
    ["without this message type", { capabilities: { message_types: ["binary" as const], alphanumeric_senders: true } }],
  ])("passes over a provider that is %s", (_reason, changes) => {
    const providers = [provider("twilio", changes), provider("plivo", { priority: 2 })];
    expect(next({}, { providers })).toBe("plivo");
    expect(next({ requested: ["twilio"] }, { providers })).toBeNull();
  });

  it("gives an alphanumeric sender only to providers that know such senders", () => {
    const capabilities = { message_types: ["text" as const], alphanumeric_senders: false };
    const providers = [provider("twilio", { capabilities }), provider("plivo", { priority: 2 })];
    expect(next({ sender: "ACME" }, { providers })).toBe("plivo");
    expect(next({ sender: "+12025550123" }, { providers })).toBe("twilio");
  });

  it("passes over a provider behind an open circuit, and asks nobody when all are", () => {
    const passesCircuit = (name: ProviderName): boolean => name !== "twilio";
    expect(next({}, { passesCircuit })).toBe("aws_sns");
    expect(next({ requested: ["twilio"] }, { passesCircuit })).toBeNull();
  });

  it("says of everybody who was considered how it was judged, in order", () => {
    const providers = [
      provider("twilio", { enabled: false }),
      provider("plivo", { priority: 2 }),
      provider("nexmo", { priority: 3 }),
      provider("aws_sns", { priority: 4, accounts: { live: true, lab: false } }),
    ];
    const plan = planProvider(request({ tried: new Set() }), context({ providers }));
    expect(plan.considered).toEqual([
      ["twilio", "disabled"],
      ["plivo", "chosen"],
      ["nexmo", "next"],
      ["aws_sns", "no_account"],
    ]);
  });

  it("never asks one that was tried in this round or has refused for good", () => {
    const names = fc.uniqueArray(fc.constantFrom(...PROVIDER_NAMES));
    fc.assert(
      fc.property(names, names, names, (requested, tried, ruledOut) => {
        const planned = next({ requested, tried: new Set(tried), ruledOut: new Set(ruledOut) });
        const candidates = (requested.length > 0 ? requested : PROVIDER_NAMES).filter(
          (name) => !tried.includes(name) && !ruledOut.includes(name),
        );
        if (candidates.length === 0) expect(planned).toBeNull();
        else expect(candidates).toContain(planned);
      }),
    );
  });
});

describe("planWaitingProvider", () => {
  it("waits for a named provider that is disabled, but not for one that has refused", () => {
    const providers = [provider("twilio", { enabled: false }), provider("plivo", { enabled: false })];
    const requested = ["twilio", "plivo"] as const;
    expect(waitedFor({ requested }, { providers })).toBe("twilio");
    expect(waitedFor({ requested, ruledOut: new Set(["twilio"]) }, { providers })).toBe("plivo");
    expect(waitedFor({ requested, ruledOut: new Set(requested) }, { providers })).toBeNull();
  });

  it("prefers one that lacks nothing but its circuit to one that is disabled", () => {
    const providers = [provider("twilio", { enabled: false }), provider("plivo", { priority: 2 })];
    expect(waitedFor({}, { providers, passesCircuit: () => false })).toBe("plivo");
  });
});
