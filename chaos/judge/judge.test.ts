import { describe, expect, it } from "vitest";
import type { PlannedRequest } from "../load/plan-request.ts";
import type { ClientRequest } from "../load/run-clients.ts";
import { type Copy, type Evidence, judge, type SeenMessage } from "./judge.ts";

const NUMBER = "+4915000000001";

function request(fields: Partial<ClientRequest> = {}, plan: Partial<PlannedRequest> = {}): ClientRequest {
  const planned: PlannedRequest = {
    index: 7,
    smsType: "transactional",
    numbers: [NUMBER],
    text: "text",
    ttlS: 60,
    scheduleInS: undefined,
    manners: "good",
    tenant: "unlimited",
    ...plan,
  };
  const told = { promised: ["a"], unsureIds: [], maybeTaken: 1, end: "accepted", why: "", tries: 1, hung: 0 } as const;
  return { plan: planned, ...told, startedAtMs: 0, endedAtMs: 1, ...fields };
}

function message(fields: Partial<SeenMessage> = {}): SeenMessage {
  return {
    id: "a",
    to: NUMBER,
    status: "delivered",
    possibleDouble: false,
    expireAtMs: 60_000,
    updatedAtMs: 60_000,
    ...fields,
  };
}

/** What a clean run of one message leaves; each test changes one thing of it. */
function evidence(fields: Partial<Evidence> = {}): Evidence {
  const inbox = arrived("a");
  return { requests: [request()], inbox, messages: [message()], aliases: new Map(), ...fields };
}

function copy(id: string | null, fields: Partial<Copy> = {}): Copy {
  return { id, text: "text", atMs: 1_000, ...fields };
}

function arrived(...ids: (string | null)[]): Evidence["inbox"] {
  return new Map(ids.length === 0 ? [] : [[NUMBER, ids.map((id) => copy(id))]]);
}

function faultsOf(found: Evidence): string[] {
  return judge(found).faults.map(({ kind }) => kind);
}

const REFUSED = { promised: [], maybeTaken: 0, end: "refused", why: "503 queue_full" } as const;
const GAVE_UP = { promised: [], maybeTaken: 2, end: "unknown", why: "ECONNRESET" } as const;

describe("judge", () => {
  it("finds nothing where each promised message arrived once", () => {
    expect(judge(evidence())).toEqual({
      offered: 1,
      accepted: 1,
      delivered: 1,
      otherEnds: {},
      unknown: 0,
      refused: 0,
      unanswered: 0,
      explainedDoubles: 0,
      faults: [],
    });
  });

  it("counts ends other than delivered, and those of which nobody knows", () => {
    const requests = [request(), request({ promised: ["b"] }, { numbers: ["+4915000000002"] })];
    const messages = [message({ status: "expired" }), message({ id: "b", to: "+4915000000002", status: "unknown" })];
    const verdict = judge(evidence({ requests, messages, inbox: new Map() }));
    expect(verdict).toMatchObject({ delivered: 0, otherEnds: { expired: 1 }, unknown: 1 });
    expect(verdict.faults.map(({ kind }) => kind)).toEqual(["left_unknown"]);
  });

  describe("lost", () => {
    it("a promised message that is not recorded", () => {
      expect(faultsOf(evidence({ messages: [], inbox: arrived() }))).toEqual(["lost"]);
    });

    it("a message that the API calls delivered, and no handset has", () => {
      expect(faultsOf(evidence({ inbox: arrived() }))).toEqual(["lost"]);
    });

    it("a message that was accepted and then rejected", () => {
      expect(faultsOf(evidence({ messages: [message({ status: "rejected" })], inbox: arrived() }))).toEqual(["lost"]);
    });

    it("each recorded message that the API calls delivered, whatever its client was told", () => {
      const requests = [request({ maybeTaken: 2 }, { manners: "careless" })];
      const messages = [message(), message({ id: "b" })];
      expect(faultsOf(evidence({ requests, messages, inbox: arrived("b") }))).toEqual(["lost"]);
      const gaveUp = [request(GAVE_UP)];
      expect(faultsOf(evidence({ requests: gaveUp, inbox: arrived() }))).toEqual(["lost"]);
    });

    it("not a promised id that is an alias of a recorded message", () => {
      const requests = [request({ promised: ["b"] })];
      expect(faultsOf(evidence({ requests, aliases: new Map([["b", message()]]) }))).toEqual([]);
    });
  });

  describe("doubled", () => {
    it("two copies of a message that is not marked", () => {
      expect(faultsOf(evidence({ inbox: arrived("a", "a") }))).toEqual(["doubled"]);
    });

    it("not two copies of a marked one whose class allows it, which are counted", () => {
      const messages = [message({ possibleDouble: true })];
      const verdict = judge(evidence({ messages, inbox: arrived("a", "a") }));
      expect(verdict).toMatchObject({ explainedDoubles: 1, faults: [] });
    });

    it("more copies of a marked one than its class allows", () => {
      const messages = [message({ possibleDouble: true })];
      expect(faultsOf(evidence({ messages, inbox: arrived("a", "a", "a") }))).toEqual(["doubled"]);
    });

    it("two copies of a marked one whose class never allows it", () => {
      const messages = [message({ possibleDouble: true })];
      const requests = [request({}, { smsType: "promotional" })];
      expect(faultsOf(evidence({ requests, messages, inbox: arrived("a", "a") }))).toEqual(["doubled"]);
    });

    it("two messages recorded for one key", () => {
      const messages = [message(), message({ id: "b" })];
      expect(faultsOf(evidence({ messages, inbox: arrived("a", "b") }))).toEqual(["doubled"]);
    });

    it("not two messages of a client without a key that asked twice", () => {
      const messages = [message(), message({ id: "b" })];
      const requests = [request({ maybeTaken: 2 }, { manners: "careless" })];
      expect(faultsOf(evidence({ requests, messages, inbox: arrived("a", "b") }))).toEqual([]);
    });
  });

  describe("not final", () => {
    it.each(["accepted", "scheduled", "queued", "sending", "sent"] as const)("a message that is still %s", (status) => {
      expect(faultsOf(evidence({ messages: [message({ status })] }))).toContain("not_final");
    });

    it("in time: a message that ended more than five minutes after its deadline", () => {
      const ended = (updatedAtMs: number) => faultsOf(evidence({ messages: [message({ updatedAtMs })] }));
      expect(ended(360_001)).toEqual(["not_final"]);
      expect(ended(360_000)).toEqual([]);
    });

    it("also one that no client was promised", () => {
      const messages = [message({ status: "queued" })];
      expect(faultsOf(evidence({ requests: [request(GAVE_UP)], messages, inbox: arrived() }))).toEqual(["not_final"]);
    });
  });

  describe("refused", () => {
    it("clearly, and nothing came of it", () => {
      const verdict = judge(evidence({ requests: [request(REFUSED)], messages: [], inbox: arrived() }));
      expect(verdict).toMatchObject({ refused: 1, accepted: 0, faults: [] });
    });

    it("clearly, and yet recorded and arrived", () => {
      expect(faultsOf(evidence({ requests: [request(REFUSED)] }))).toEqual(["refused_but_taken", "refused_but_taken"]);
    });

    it("not clearly: it may have arrived", () => {
      const verdict = judge(evidence({ requests: [request(GAVE_UP)] }));
      expect(verdict).toMatchObject({ unanswered: 1, faults: [] });
    });
  });

  describe("contradicted", () => {
    it.each(["failed", "expired", "canceled", "undelivered"] as const)(
      "a message that is %s, and arrived",
      (status) => {
        expect(faultsOf(evidence({ messages: [message({ status })] }))).toContain("contradicted");
      },
    );

    it("not one whose end is unknown, and arrived", () => {
      expect(faultsOf(evidence({ messages: [message({ status: "unknown" })] }))).toEqual(["left_unknown"]);
    });

    it.each(["canceled", "undelivered"] as const)("a message that is %s, which nothing in a run does", (status) => {
      expect(faultsOf(evidence({ messages: [message({ status })], inbox: arrived() }))).toEqual(["contradicted"]);
    });

    it("a message that expired although it was to be worked on for long", () => {
      const found = evidence({ messages: [message({ status: "expired" })], inbox: arrived() });
      expect(faultsOf({ ...found, requests: [request({}, { ttlS: 61 })] })).toEqual(["given_up"]);
      expect(faultsOf(found)).toEqual([]);
    });

    it("a message that expired before its deadline, and not one that did so afterwards", () => {
      const expired = (updatedAtMs: number) =>
        faultsOf(evidence({ messages: [message({ status: "expired", updatedAtMs })], inbox: arrived() }));
      expect(expired(59_999)).toEqual(["contradicted"]);
      expect(expired(60_000)).toEqual([]);
    });

    it("another text than the one that was sent", () => {
      const inbox = new Map([[NUMBER, [copy("a", { text: "somebody else's code" })]]]);
      expect(faultsOf(evidence({ inbox }))).toEqual(["contradicted"]);
    });

    it("a text that arrives before its time", () => {
      const requests = [request({}, { scheduleInS: 5 })];
      const at = (atMs: number) => new Map([[NUMBER, [copy("a", { atMs })]]]);
      expect(faultsOf(evidence({ requests, inbox: at(4_999) }))).toEqual(["contradicted"]);
      expect(faultsOf(evidence({ requests, inbox: at(5_000) }))).toEqual([]);
    });

    it("a text that arrives long after its deadline", () => {
      const inbox = new Map([[NUMBER, [copy("a", { atMs: 75_001 })]]]);
      expect(faultsOf(evidence({ inbox }))).toEqual(["contradicted"]);
    });

    it("an id that was given with unknown and answers with a message to somebody else", () => {
      const requests = [request({ ...GAVE_UP, unsureIds: ["u"] })];
      const aliases = new Map([["u", message({ id: "u", to: "+4915000000009" })]]);
      expect(faultsOf(evidence({ requests, aliases }))).toEqual(["contradicted"]);
      expect(faultsOf(evidence({ requests, aliases: new Map([["u", message()]]) }))).toEqual([]);
    });

    it("a copy that names no recorded message", () => {
      expect(faultsOf(evidence({ inbox: arrived("a", "x") }))).toEqual(["contradicted"]);
    });

    it("an id that answers with a message to somebody else", () => {
      const messages = [message({ to: "+4915000000009" })];
      expect(faultsOf(evidence({ messages }))).toContain("contradicted");
    });

    it("a handset that nobody wrote to", () => {
      const inbox = new Map([...arrived("a"), ["+4915000000009", [copy("b")]]]);
      expect(faultsOf(evidence({ inbox }))).toEqual(["contradicted"]);
    });
  });

  it("finds an answer that the contract does not know", () => {
    const requests = [request({ promised: [], end: "broken", why: "500 INTERNAL_ERROR" })];
    expect(faultsOf(evidence({ requests, messages: [], inbox: arrived() }))).toEqual(["broken_answer"]);
  });

  it("finds a promise of fewer ids than recipients", () => {
    const requests = [request({}, { numbers: [NUMBER, "+4915000000002"] })];
    expect(faultsOf(evidence({ requests }))).toContain("broken_answer");
  });

  it("finds a valid request that was refused for good, and not one that was slowed down", () => {
    const refused = (why: string) =>
      faultsOf(evidence({ requests: [request({ ...REFUSED, why })], messages: [], inbox: arrived() }));
    expect(refused("401 UNAUTHORIZED")).toEqual(["broken_answer"]);
    expect(refused("409 IDEMPOTENCY_KEY_REUSED")).toEqual(["broken_answer"]);
    expect(refused("429 RATE_LIMITED")).toEqual([]);
    expect(refused("503 queue_full")).toEqual([]);
  });
});
