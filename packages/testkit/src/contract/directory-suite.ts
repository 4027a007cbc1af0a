import { createHash } from "node:crypto";
import type { Directory, DirectoryPublisher, DirectorySnapshot } from "@sms-gateway/contracts";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { BUSY_MACHINE_MS } from "../busy-machine.ts";
import { waitFor } from "../wait-for.ts";

/** What the contract suites of `Directory` and `DirectoryPublisher` need of an adapter. */
export interface DirectoryHarness {
  /** A gateway's directory with a connection of its own. */
  openDirectory(options?: { readonly refreshEveryMs?: number }): Promise<Directory>;
  openPublisher(): Promise<DirectoryPublisher>;
  /** Makes this what the source holds, in one step; its version is above the present one. */
  put(snapshot: DirectorySnapshot): Promise<void>;
  /** Closes whatever was opened. */
  close(): Promise<void>;
}

/** Slower than any test: such a directory reads only when it is asked to. */
const NEVER_MS = 600_000;

type MakeHarness = () => Promise<DirectoryHarness>;

/** The contract of the ports `Directory` and `DirectoryPublisher`; `makeHarness` makes an empty source each time. */
export function directoryContract(name: string, makeHarness: MakeHarness): void {
  describe(`${name} keeps the contract of Directory`, () => {
    const harness = useHarness(makeHarness);
    describe("reading", () => directoryFacts(harness));
    describe("telling publishers what is there", () => publisherFacts(harness));
  });
}

/**
 * What `DirectoryPublisher` promises besides where the source is a store of copies, which holds what publishers bring.
 * A database is none: its tables are the directory itself, changed by administrative actions and never by a copy of
 * them, so that nothing can be published there that is not there already.
 */
export function directoryStoreContract(name: string, makeHarness: MakeHarness): void {
  describe(`${name} keeps the contract of a store of directories`, () => storeFacts(useHarness(makeHarness)));
}

function useHarness(makeHarness: MakeHarness): DirectoryHarness {
  let harness: DirectoryHarness;
  beforeEach(async () => {
    harness = await makeHarness();
  });
  afterEach(() => harness.close());
  return {
    openDirectory: (options) => harness.openDirectory(options),
    openPublisher: () => harness.openPublisher(),
    put: (snapshot) => harness.put(snapshot),
    close: () => harness.close(),
  };
}

/** A snapshot with one client, its keys and three providers in no order. */
export function newSnapshot(version: number, keys: readonly string[] = ["key"]): DirectorySnapshot {
  const client = {
    id: CLIENT_ID,
    name: `Client in version ${version}`,
    active: true,
    time_zone: "Europe/Berlin",
    rate_per_second: 5,
    rate_per_minute: null,
    rate_per_hour: 0,
    daily_quota: null,
    sender: "ÄÖ 🚀",
  };
  const capabilities = { message_types: ["text" as const, "binary" as const], alphanumeric_senders: true };
  const provider = { enabled: true, paused: false, accounts: { live: false, lab: true }, capabilities };
  return {
    version,
    clients: [client],
    keys: keys.map((hash) => ({
      id: makeKeyId(hash),
      client_id: client.id,
      hash,
      kind: "test" as const,
      scopes: ["send" as const, "read" as const],
      expires_at: null,
      revoked: false,
    })),
    providers: [
      { ...provider, name: "plivo", priority: 3 },
      { ...provider, name: "twilio", priority: 1 },
      { ...provider, name: "nexmo", priority: 2, paused: true },
    ],
  };
}

/** Ids are UUIDs, for a database takes no others. */
const CLIENT_ID = "00000000-0000-7000-8000-0000000000c1";
const UNKNOWN_CLIENT_ID = "00000000-0000-7000-8000-0000000000c2";

function makeKeyId(hash: string): string {
  const hex = createHash("sha256").update(hash).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-7${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

function directoryFacts({ openDirectory: open, put }: DirectoryHarness): void {
  it("knows nothing and says so before anything was published", async () => {
    const directory = await open({ refreshEveryMs: NEVER_MS });
    await directory.refresh();
    expect([directory.loaded(), directory.version(), directory.providers()]).toEqual([false, 0, []]);
    expect(await directory.findKey("key")).toBeUndefined();
    expect(directory.health()).toMatchObject({ ok: false, detail: expect.any(String) });
  });

  it("gives what was published, providers in order of priority", async () => {
    const snapshot = newSnapshot(7, ["one", "two"]);
    await put(snapshot);
    const directory = await open({ refreshEveryMs: NEVER_MS });
    await directory.refresh();
    expect([directory.loaded(), directory.version(), directory.health()]).toEqual([true, 7, { ok: true }]);
    expect(await directory.findKey("two")).toEqual(snapshot.keys[1]);
    expect(directory.client(CLIENT_ID)).toEqual(snapshot.clients[0]);
    expect(directory.client(UNKNOWN_CLIENT_ID)).toBeUndefined();
    expect(directory.providers().map(({ name }) => name)).toEqual(["twilio", "nexmo", "plivo"]);
  });

  it("reads what is published by itself, at the start and each time after", async () => {
    await put(newSnapshot(1));
    const directory = await open({ refreshEveryMs: 50 });
    await waitFor(() => directory.version() === 1, { what: "the first version" });
    await put(newSnapshot(2));
    await waitFor(() => directory.version() === 2, { what: "the next version" });
    expect(directory.client(CLIENT_ID)?.name).toBe("Client in version 2");
  });

  it("finds a key that was published a moment ago, also for many at once", async () => {
    await put(newSnapshot(1));
    const directory = await open({ refreshEveryMs: NEVER_MS });
    await directory.refresh();
    await put(newSnapshot(2, ["key", "new"]));
    const found = await Promise.all(Array.from({ length: 50 }, () => directory.findKey("new")));
    expect(new Set(found.map((key) => key?.hash))).toEqual(new Set(["new"]));
  });

  it("finds a key that is published while an older read is under way", async () => {
    await put(newSnapshot(1));
    const directory = await open({ refreshEveryMs: NEVER_MS });
    for (let version = 2; version < 12; version += 1) {
      const older = directory.refresh();
      await put(newSnapshot(version, [`new ${version}`]));
      expect((await directory.findKey(`new ${version}`))?.hash).toBe(`new ${version}`);
      await older;
    }
  });

  it("does not look beyond memory where it is told not to", async () => {
    await put(newSnapshot(1));
    const directory = await open({ refreshEveryMs: NEVER_MS });
    await directory.refresh();
    await put(newSnapshot(2, ["key", "new"]));
    expect(await directory.findKey("new", { memoryOnly: true })).toBeUndefined();
    expect(directory.version()).toBe(1);
    expect((await directory.findKey("key", { memoryOnly: true }))?.hash).toBe("key");
    expect((await directory.findKey("new"))?.hash).toBe("new");
  });

  it("remembers for a second that a key is unknown", async () => {
    await put(newSnapshot(1));
    const directory = await open({ refreshEveryMs: NEVER_MS });
    const askedAt = performance.now();
    expect(await directory.findKey("new")).toBeUndefined();
    await put(newSnapshot(2, ["new"]));
    await waitFor(() => directory.findKey("new"), {
      what: "the miss to be forgotten",
      timeoutMs: 1_000 + BUSY_MACHINE_MS,
    });
    expect(performance.now() - askedAt).toBeGreaterThanOrEqual(1_000);
  });

  it("forgets a miss as soon as a newer version is read", async () => {
    await put(newSnapshot(1));
    const directory = await open({ refreshEveryMs: NEVER_MS });
    expect(await directory.findKey("new")).toBeUndefined();
    await put(newSnapshot(2, ["new"]));
    await directory.refresh();
    expect((await directory.findKey("new"))?.hash).toBe("new");
  });

  it("drops what a newer version no longer has", async () => {
    await put(newSnapshot(1, ["old"]));
    const directory = await open({ refreshEveryMs: NEVER_MS });
    await directory.refresh();
    await put(newSnapshot(2, ["new"]));
    await directory.refresh();
    expect(await directory.findKey("old")).toBeUndefined();
  });
}

function publisherFacts({ openDirectory, openPublisher, put }: DirectoryHarness): void {
  it("knows the published version, or that there is none", async () => {
    const publisher = await openPublisher();
    expect(await publisher.publishedVersion()).toBeUndefined();
    await put(newSnapshot(3));
    expect(await publisher.publishedVersion()).toBe(3);
  });

  it("refuses an older and the same version and changes nothing", async () => {
    const publisher = await openPublisher();
    await put(newSnapshot(3, ["three"]));
    for (const version of [1, 2, 3]) expect(await publisher.publish(newSnapshot(version, ["other"]))).toBe("stale");
    expect(await publisher.publishedVersion()).toBe(3);
    const directory = await openDirectory({ refreshEveryMs: NEVER_MS });
    await directory.refresh();
    expect([directory.version(), (await directory.findKey("three"))?.hash]).toEqual([3, "three"]);
  });
}

function storeFacts({ openDirectory, openPublisher }: DirectoryHarness): void {
  it("publishes what is newer than what is there", async () => {
    const publisher = await openPublisher();
    expect(await publisher.publish(newSnapshot(3))).toBe("published");
    expect(await publisher.publish(newSnapshot(4, ["four"]))).toBe("published");
    expect(await publisher.publishedVersion()).toBe(4);
    const directory = await openDirectory({ refreshEveryMs: NEVER_MS });
    expect((await directory.findKey("four"))?.hash).toBe("four");
  });

  it("ends at the newest version when many publish at once", async () => {
    const publishers = [await openPublisher(), await openPublisher()];
    const versions = [4, 9, 1, 10, 2, 7, 3, 8, 6, 5];
    const endings = await Promise.all(
      versions.flatMap((version) =>
        publishers.map((publisher) => publisher.publish(newSnapshot(version, [`${version}`]))),
      ),
    );
    expect(endings).toContain("stale");
    expect(await publishers[0]?.publishedVersion()).toBe(10);
    const directory = await openDirectory({ refreshEveryMs: NEVER_MS });
    await directory.refresh();
    expect((await directory.findKey("10"))?.hash).toBe("10");
  });
}
