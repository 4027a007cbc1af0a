import type { Directory, DirectoryPublisher, DirectorySnapshot } from "@sms-gateway/contracts";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { waitFor } from "../wait-for.ts";

/** What the contract suite of `Directory` and `DirectoryPublisher` needs of an adapter. */
export interface DirectoryHarness {
  /** A gateway's directory with a connection of its own. */
  openDirectory(options?: { readonly refreshEveryMs?: number }): Promise<Directory>;
  openPublisher(): Promise<DirectoryPublisher>;
  /** Closes whatever was opened. */
  close(): Promise<void>;
}

/** Slower than any test: such a directory reads only when it is asked to. */
const NEVER_MS = 600_000;

/** The contract of the ports `Directory` and `DirectoryPublisher`; `makeHarness` makes an empty source each time. */
export function directoryContract(name: string, makeHarness: () => Promise<DirectoryHarness>): void {
  describe(`${name} keeps the contract of Directory`, () => {
    let harness: DirectoryHarness;
    let publisher: DirectoryPublisher;
    beforeEach(async () => {
      harness = await makeHarness();
      publisher = await harness.openPublisher();
    });
    afterEach(() => harness.close());
    describe("reading", () =>
      directoryFacts({ open: (options) => harness.openDirectory(options), publisher: () => publisher }));
    describe("publishing", () => publisherFacts({ open: () => harness.openPublisher(), harness: () => harness }));
  });
}

/** A snapshot with one client, its keys `<key>` and three providers in no order. */
export function newSnapshot(version: number, keys: readonly string[] = ["key"]): DirectorySnapshot {
  const client = {
    id: "client-1",
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
      id: `id-of-${hash}`,
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

interface Reading {
  open(options?: { refreshEveryMs?: number }): Promise<Directory>;
  publisher(): DirectoryPublisher;
}

function directoryFacts({ open, publisher }: Reading): void {
  it("knows nothing and says so before anything was published", async () => {
    const directory = await open({ refreshEveryMs: NEVER_MS });
    await directory.refresh();
    expect([directory.loaded(), directory.version(), directory.providers()]).toEqual([false, 0, []]);
    expect(await directory.findKey("key")).toBeUndefined();
    expect(directory.health()).toMatchObject({ ok: false, detail: expect.any(String) });
  });

  it("gives what was published, providers in order of priority", async () => {
    const snapshot = newSnapshot(7, ["one", "two"]);
    await publisher().publish(snapshot);
    const directory = await open({ refreshEveryMs: NEVER_MS });
    await directory.refresh();
    expect([directory.loaded(), directory.version(), directory.health()]).toEqual([true, 7, { ok: true }]);
    expect(await directory.findKey("two")).toEqual(snapshot.keys[1]);
    expect(directory.client("client-1")).toEqual(snapshot.clients[0]);
    expect(directory.client("client-2")).toBeUndefined();
    expect(directory.providers().map(({ name }) => name)).toEqual(["twilio", "nexmo", "plivo"]);
  });

  it("reads what is published by itself, at the start and each time after", async () => {
    await publisher().publish(newSnapshot(1));
    const directory = await open({ refreshEveryMs: 50 });
    await waitFor(() => directory.version() === 1, { what: "the first version" });
    await publisher().publish(newSnapshot(2));
    await waitFor(() => directory.version() === 2, { what: "the next version" });
    expect(directory.client("client-1")?.name).toBe("Client in version 2");
  });

  it("finds a key that was published a moment ago, also for many at once", async () => {
    await publisher().publish(newSnapshot(1));
    const directory = await open({ refreshEveryMs: NEVER_MS });
    await directory.refresh();
    await publisher().publish(newSnapshot(2, ["key", "new"]));
    const found = await Promise.all(Array.from({ length: 50 }, () => directory.findKey("new")));
    expect(new Set(found.map((key) => key?.id))).toEqual(new Set(["id-of-new"]));
  });

  it("finds a key that is published while an older read is under way", async () => {
    await publisher().publish(newSnapshot(1));
    const directory = await open({ refreshEveryMs: NEVER_MS });
    for (let version = 2; version < 12; version += 1) {
      const older = directory.refresh();
      await publisher().publish(newSnapshot(version, [`new ${version}`]));
      expect((await directory.findKey(`new ${version}`))?.id).toBe(`id-of-new ${version}`);
      await older;
    }
  });

  it("does not look beyond memory where it is told not to", async () => {
    await publisher().publish(newSnapshot(1));
    const directory = await open({ refreshEveryMs: NEVER_MS });
    await directory.refresh();
    await publisher().publish(newSnapshot(2, ["key", "new"]));
    expect(await directory.findKey("new", { memoryOnly: true })).toBeUndefined();
    expect(directory.version()).toBe(1);
    expect((await directory.findKey("key", { memoryOnly: true }))?.id).toBe("id-of-key");
    expect((await directory.findKey("new"))?.id).toBe("id-of-new");
  });

  it("remembers for a second that a key is unknown", async () => {
    await publisher().publish(newSnapshot(1));
    const directory = await open({ refreshEveryMs: NEVER_MS });
    expect(await directory.findKey("new")).toBeUndefined();
    const missedAt = performance.now();
    await publisher().publish(newSnapshot(2, ["new"]));
    expect(await directory.findKey("new")).toBeUndefined();
    await waitFor(() => directory.findKey("new"), { what: "the miss to be forgotten", timeoutMs: 3_000 });
    expect(performance.now() - missedAt).toBeGreaterThan(900);
  });

  it("forgets a miss as soon as a newer version is read", async () => {
    await publisher().publish(newSnapshot(1));
    const directory = await open({ refreshEveryMs: NEVER_MS });
    expect(await directory.findKey("new")).toBeUndefined();
    await publisher().publish(newSnapshot(2, ["new"]));
    await directory.refresh();
    expect((await directory.findKey("new"))?.id).toBe("id-of-new");
  });

  it("drops what a newer version no longer has", async () => {
    await publisher().publish(newSnapshot(1, ["old"]));
    const directory = await open({ refreshEveryMs: NEVER_MS });
    await directory.refresh();
    await publisher().publish(newSnapshot(2, ["new"]));
    await directory.refresh();
    expect(await directory.findKey("old")).toBeUndefined();
  });
}

interface Publishing {
  open(): Promise<DirectoryPublisher>;
  harness(): DirectoryHarness;
}

function publisherFacts({ open, harness }: Publishing): void {
  it("knows the published version, or that there is none", async () => {
    const publisher = await open();
    expect(await publisher.publishedVersion()).toBeUndefined();
    expect(await publisher.publish(newSnapshot(3))).toBe("published");
    expect(await publisher.publishedVersion()).toBe(3);
  });

  it("refuses an older and the same version and changes nothing", async () => {
    const publisher = await open();
    await publisher.publish(newSnapshot(3, ["three"]));
    for (const version of [1, 2, 3]) expect(await publisher.publish(newSnapshot(version, ["other"]))).toBe("stale");
    const directory = await harness().openDirectory({ refreshEveryMs: NEVER_MS });
    await directory.refresh();
    expect([directory.version(), (await directory.findKey("three"))?.id]).toEqual([3, "id-of-three"]);
  });

  it("ends at the newest version when many publish at once", async () => {
    const publishers = [await open(), await open()];
    const versions = [4, 9, 1, 10, 2, 7, 3, 8, 6, 5];
    const endings = await Promise.all(
      versions.flatMap((version) =>
        publishers.map((publisher) => publisher.publish(newSnapshot(version, [`${version}`]))),
      ),
    );
    expect(endings).toContain("stale");
    expect(await publishers[0]?.publishedVersion()).toBe(10);
    const directory = await harness().openDirectory({ refreshEveryMs: NEVER_MS });
    await directory.refresh();
    expect((await directory.findKey("10"))?.id).toBe("id-of-10");
  });
}
