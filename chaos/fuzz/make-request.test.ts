import { hash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { createRandom } from "../random.ts";
import type { Known } from "./draft.ts";
import type { FuzzRequest } from "./fuzz-request.ts";
import { createOperationRoute, type Target } from "./make-request.ts";
import { fits } from "./match-schema.ts";
import { createPathRoute } from "./path-requests.ts";
import { createProtocolRoute } from "./protocol-requests.ts";
import { type Operation, readOperations } from "./read-operations.ts";
import { SAMPLE_DOCUMENT } from "./sample-document.ts";

const REQUESTS = 300;
const KNOWN: Known = {
  nowMs: Date.UTC(2026, 0, 31),
  keys: { client: "client-key", stranger: "stranger-key", admin: "admin-key" },
  messageIds: ["0190a1b2-0000-7000-8000-000000000001"],
  keyFor: ({ isProtected }) => (isProtected ? "client-key" : undefined),
};
const OPERATIONS = readOperations(SAMPLE_DOCUMENT);
const [SEND, READ] = OPERATIONS;

function targetOf(seed: number): Target {
  return { member: "gateway", url: "http://127.0.0.1:1", random: createRandom(seed), known: KNOWN };
}

function makeMany(operation: Operation | undefined, seed = 7): FuzzRequest[] {
  if (operation === undefined) throw new Error("the sample has no such operation");
  const route = createOperationRoute(targetOf(seed), operation);
  return Array.from({ length: REQUESTS }, (_, index) => route.make(index));
}

/** Bodies may be a megabyte. */
function fingerprint({ kind, bytes, from, target }: FuzzRequest): string {
  return `${kind} ${from} ${hash("sha256", target)} ${hash("sha256", bytes)}`;
}

function bodyOf({ bytes }: FuzzRequest): string {
  return bytes.subarray(bytes.indexOf("\r\n\r\n") + 4).toString();
}

describe("requests for an operation", () => {
  test("follow from seed, route and index alone", () => {
    const all = makeMany(SEND);
    const route = createOperationRoute(targetOf(7), SEND ?? failToFind());
    for (const index of [299, 0, 42])
      expect([fingerprint(route.make(index))]).toEqual(all.slice(index, index + 1).map(fingerprint));
    expect(makeMany(SEND, 8).map(({ kind }) => kind)).not.toEqual(all.map(({ kind }) => kind));
  });

  test("are valid, nearly valid and hostile", () => {
    const kinds = makeMany(SEND).map(({ kind }) => kind.split(":")[0]);
    for (const kind of ["valid", "nearly valid", "hostile"]) expect(kinds).toContain(kind);
  });

  test("fit the schema when they are valid", () => {
    const valid = makeMany(SEND).filter(({ kind }) => kind === "valid");
    for (const request of valid) {
      expect(fits(SEND?.schemas ?? failToFind(), SEND?.body, JSON.parse(bodyOf(request)))).toBe(true);
    }
  });

  test("carry the length of their body, as HTTP counts it", () => {
    for (const request of makeMany(SEND)) {
      const { bytes } = request;
      const head = bytes.toString("latin1", 0, bytes.indexOf("\r\n\r\n"));
      expect(head).toContain(`Content-Length: ${bytes.length - head.length - 4}`);
    }
  });

  test("fill in parameters, and ask for messages that exist too", () => {
    const valid = makeMany(READ).filter(({ kind }) => kind === "valid");
    expect(valid.every(({ target }) => !target.includes("{"))).toBe(true);
    expect(valid.some(({ target }) => target.includes(KNOWN.messageIds[0] ?? "?"))).toBe(true);
  });

  test("meet only tricks that the operation has a place for", () => {
    const kinds = makeMany(READ).map(({ kind }) => kind);
    expect(kinds.filter((kind) => /deep|a field|prototype in a body/.test(kind))).toEqual([]);
  });

  test("without a good key come from elsewhere, since wrong keys slow their address down", () => {
    const wrong = makeMany(SEND).filter(({ kind }) => kind.includes("an unknown key"));
    expect(wrong.length).toBeGreaterThan(0);
    if (process.platform === "linux") expect(wrong.every(({ from }) => from !== "127.0.0.1")).toBe(true);
  });
});

test.each([
  ["paths", createPathRoute],
  ["protocol", createProtocolRoute],
])("requests of %s follow from seed and index alone", (_name, create) => {
  const [one, other] = [create(targetOf(3), OPERATIONS), create(targetOf(3), OPERATIONS)];
  const order = Array.from({ length: 100 }, (_, index) => index);
  const made = order.map((index) => one.make(index));
  const again = order.toReversed().map((index) => fingerprint(other.make(index)));
  expect(again).toEqual(made.map(fingerprint).toReversed());
  expect(new Set(made.map(({ kind }) => kind)).size).toBeGreaterThan(10);
});

function failToFind(): never {
  throw new Error("the sample has no such operation");
}
