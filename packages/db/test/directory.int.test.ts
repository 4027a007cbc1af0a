import { BOOTSTRAP_CLIENT_ID, type DirectorySnapshot, type ProviderName } from "@sms-gateway/contracts";
import { describeWith } from "@sms-gateway/testkit";
import { beforeAll, expect, test } from "vitest";
import {
  AlreadyExistsError,
  createApiKey,
  createClient,
  type Database,
  listApiKeys,
  listClients,
  listProviderStates,
  loadDirectorySnapshot,
  type ProviderAccount,
  raiseDirectoryVersion,
  readDirectoryVersion,
  revokeApiKey,
  seedDirectory,
  setClientActive,
  setClientLimits,
  setProviderAccounts,
  setProviderEnabled,
  setProviderLimits,
  setProviderPaused,
  setProviderPriority,
} from "../src/index.ts";
import { ask } from "./ask.ts";
import { PROVIDERS, SEED, useDatabase } from "./test-database.ts";

const ACCOUNTS: readonly ProviderAccount[] = [
  { provider: "twilio", kind: "live", adapter: "twilio" },
  { provider: "twilio", kind: "lab", adapter: "twilio" },
  { provider: "plivo", kind: "lab", adapter: "twilio" },
];

describeWith("postgres", "the directory", (adminUrl) => {
  const database = useDatabase(adminUrl);
  let db: Database;
  beforeAll(() => {
    db = database.open();
  });

  /** Runs an action and tells by how much it has raised the version. */
  async function raisedBy(action: () => Promise<unknown>): Promise<number> {
    const before = await readDirectoryVersion(db);
    await action();
    return (await readDirectoryVersion(db)) - before;
  }

  /** The same for one change: whether it has raised the version. */
  async function raises(action: () => Promise<unknown>): Promise<boolean> {
    return (await raisedBy(action)) > 0;
  }

  function load(): Promise<DirectorySnapshot> {
    return loadDirectorySnapshot(db, (name: ProviderName) => ({
      message_types: name === "twilio" ? ["text", "unicode"] : ["text"],
      alphanumeric_senders: name !== "plivo",
    }));
  }

  test("is seeded once, by however many workers", async () => {
    expect(await raises(() => seedDirectory(db, SEED))).toBe(false);
    expect(await listClients(db)).toMatchObject([{ id: BOOTSTRAP_CLIENT_ID, name: "bootstrap", active: true }]);
    expect((await listProviderStates(db)).map(({ name, priority }) => [name, priority])).toEqual(
      PROVIDERS.map((name, index) => [name, index + 1]),
    );
    await setProviderPriority(db, "twilio", 1);
    await ask(db, "delete from api_keys");
    await Promise.all([seedDirectory(db, SEED), seedDirectory(db, SEED), seedDirectory(db, SEED)]);
    expect(await listApiKeys(db)).toMatchObject([
      { clientId: BOOTSTRAP_CLIENT_ID, prefix: "b57410a7", kind: "test", scopes: ["send", "read"], revokedAt: null },
    ]);
    const stranger = { ...SEED, client: { id: "00000000-0000-7000-8000-0000000000ff", name: "bootstrap" } };
    await expect(seedDirectory(db, stranger)).rejects.toBeInstanceOf(AlreadyExistsError);
  });

  test("leaves alone what an operator has changed when it is seeded again", async () => {
    await setProviderEnabled(db, "nexmo", false);
    await setProviderPriority(db, "nexmo", 9);
    await seedDirectory(db, SEED);
    expect((await listProviderStates(db)).at(-1)).toMatchObject({ name: "nexmo", enabled: false, priority: 9 });
    await setProviderEnabled(db, "nexmo", true);
    await setProviderPriority(db, "nexmo", 4);
  });

  test("takes over the accounts as they are given, and its version rises only with a change", async () => {
    const accounts = () =>
      ask(
        db,
        "select provider, kind, adapter from provider_accounts join providers on name = provider order by priority, kind",
      );
    expect(await raises(() => setProviderAccounts(db, ACCOUNTS))).toBe(true);
    expect(await setProviderAccounts(db, [...ACCOUNTS].reverse())).toBe("unchanged");
    expect(await raises(() => setProviderAccounts(db, ACCOUNTS))).toBe(false);
    const changed = ACCOUNTS.map((account) => ({ ...account, adapter: "other" })).slice(0, 2);
    expect(await raises(() => setProviderAccounts(db, changed))).toBe(true);
    expect(await accounts()).toEqual([changed[1], changed[0]]);
    await Promise.all([setProviderAccounts(db, ACCOUNTS), setProviderAccounts(db, ACCOUNTS)]);
    expect(await accounts()).toHaveLength(3);
  });

  test("becomes a snapshot of everything the gateway must know", async () => {
    await setProviderAccounts(db, ACCOUNTS);
    await ask(db, "insert into providers (name, priority) values ('from_the_future', 0) on conflict do nothing");
    const snapshot = await load();
    expect(snapshot.version).toBe(await readDirectoryVersion(db));
    expect(snapshot.providers.map(({ name }) => name)).toEqual(PROVIDERS);
    expect(snapshot.providers[0]).toEqual({
      name: "twilio",
      enabled: true,
      paused: false,
      priority: 1,
      accounts: { live: true, lab: true },
      capabilities: { message_types: ["text", "unicode"], alphanumeric_senders: true },
    });
    expect(snapshot.providers.find(({ name }) => name === "plivo")?.accounts).toEqual({ live: false, lab: true });
    expect(snapshot.keys).toMatchObject([{ hash: SEED.key.hash, client_id: BOOTSTRAP_CLIENT_ID, revoked: false }]);
    expect(snapshot.clients).toMatchObject([{ name: "bootstrap", active: true, time_zone: "UTC", daily_quota: null }]);
  });

  test.each<[string, (db: Database) => Promise<unknown>]>([
    ["disable", (on) => setProviderEnabled(on, "plivo", false)],
    ["enable", (on) => setProviderEnabled(on, "plivo", true)],
    ["pause", (on) => setProviderPaused(on, "plivo", true, "no credit")],
    ["another reason", (on) => setProviderPaused(on, "plivo", true, "credentials")],
    ["resume", (on) => setProviderPaused(on, "plivo", false, "ignored")],
    ["priority", (on) => setProviderPriority(on, "plivo", 7)],
    ["limits", (on) => setProviderLimits(on, "plivo", { maxInFlight: 7, messagesPerSecond: 5 })],
    ["no limit", (on) => setProviderLimits(on, "plivo", { messagesPerSecond: null })],
    ["deactivate by name", (on) => setClientActive(on, "bootstrap", false)],
    ["activate by id", (on) => setClientActive(on, BOOTSTRAP_CLIENT_ID, true)],
  ])("raises its version with each change, and not when nothing changes: %s", async (_, action) => {
    expect(await raises(async () => expect(await action(db)).toBe("changed"))).toBe(true);
    expect(await raises(async () => expect(await action(db)).toBe("unchanged"))).toBe(false);
  });

  test("knows nothing of providers and clients that do not exist", async () => {
    expect(await setProviderEnabled(db, "nobody", true)).toBe("not_found");
    expect(await setProviderPaused(db, "nobody", true, null)).toBe("not_found");
    expect(await setProviderPriority(db, "nobody", 1)).toBe("not_found");
    expect(await setClientActive(db, "nobody", true)).toBe("not_found");
    expect(await setClientLimits(db, "nobody", { dailyQuota: 1 })).toBe("not_found");
    expect(await setClientLimits(db, "00000000-0000-7000-8000-00000000000f", { dailyQuota: 1 })).toBe("not_found");
  });

  test("takes clients with their limits and keys, and shows the pause's reason to operators", async () => {
    await setProviderPaused(db, "aws_sns", true, "region");
    expect((await listProviderStates(db)).find(({ name }) => name === "aws_sns")?.pausedReason).toBe("region");
    const id = await createClient(db, { name: "acme", timeZone: "Europe/Berlin", dailyQuota: 5, sender: "ACME" });
    expect(await raises(() => setClientLimits(db, id, { ratePerSecond: 3, dailyQuota: null }))).toBe(true);
    expect((await listClients(db))[0]).toMatchObject({
      id,
      name: "acme",
      ratePerSecond: 3,
      dailyQuota: null,
      sender: "ACME",
    });
    await expect(createClient(db, { name: "acme" })).rejects.toBeInstanceOf(AlreadyExistsError);
    const key = { clientId: id, kind: "live", scopes: ["send"], hash: "b".repeat(64), prefix: "sk_live_1" } as const;
    const keyId = await createApiKey(db, { ...key, expiresAt: new Date("2030-01-01") });
    await expect(createApiKey(db, key)).rejects.toBeInstanceOf(AlreadyExistsError);
    expect(await listApiKeys(db, id)).toMatchObject([{ id: keyId, kind: "live", expiresAt: new Date("2030-01-01") }]);
    expect((await load()).keys.at(-1)).toMatchObject({ expires_at: "2030-01-01T00:00:00.000Z", revoked: false });
  });

  test("revokes a key by prefix or id, once, and never by a prefix that two keys share", async () => {
    const [acme] = await listClients(db);
    const common = { clientId: acme?.id ?? "", kind: "test", scopes: ["read"] } as const;
    const first = await createApiKey(db, { ...common, hash: "c".repeat(64), prefix: "sk_test_same" });
    await createApiKey(db, { ...common, hash: "d".repeat(64), prefix: "sk_test_same" });
    await createApiKey(db, { ...common, hash: "e".repeat(64), prefix: "sk_test_own" });
    expect(await revokeApiKey(db, "sk_test_same")).toBe("ambiguous");
    expect(await raises(() => revokeApiKey(db, first))).toBe(true);
    expect(await raises(() => revokeApiKey(db, first))).toBe(false);
    expect(await revokeApiKey(db, "sk_test_own")).toBe("changed");
    expect(await revokeApiKey(db, "sk_none")).toBe("not_found");
    const revoked = (await load()).keys.filter((key) => key.revoked).map(({ hash }) => hash[0]);
    expect(revoked.sort()).toEqual(["c", "e"]);
  });

  test("counts every one of many changes at the same moment", async () => {
    const names = PROVIDERS.map((name, index) => [name, index + 20] as const);
    const raised = await raisedBy(() =>
      Promise.all(names.map(([name, priority]) => setProviderPriority(db, name, priority))),
    );
    expect(raised).toBeGreaterThanOrEqual(names.length);
  });

  test("has a version above all earlier ones when the database was restored to an older state", async () => {
    await setProviderPriority(db, "twilio", 31);
    const published = await readDirectoryVersion(db);
    await ask(db, "update directory_version set version = 4");
    await setProviderPriority(db, "twilio", 32);
    expect(await readDirectoryVersion(db)).toBeGreaterThan(published);

    await raiseDirectoryVersion(db, published - 1);
    const kept = await readDirectoryVersion(db);
    await raiseDirectoryVersion(db, kept - 1);
    expect(await readDirectoryVersion(db)).toBe(kept);
    // Published by somebody whose clock was far ahead.
    await raiseDirectoryVersion(db, kept + 1_000_000_000);
    expect(await readDirectoryVersion(db)).toBe(kept + 1_000_000_001);
  });
});
