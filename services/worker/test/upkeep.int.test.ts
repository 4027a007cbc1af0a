import { randomUUID } from "node:crypto";
import { createServer, connect as dial, type Server } from "node:net";
import type { ProviderName } from "@sms-gateway/contracts";
import {
  claimDue,
  dropExpiredIdempotencyKeys,
  openDatabase,
  parkReport,
  readDirectoryVersion,
  setProviderPriority,
  takeParkedReports,
} from "@sms-gateway/db";
import { describeWith, openSql, sampleReport } from "@sms-gateway/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createProviderAccounts } from "../src/accounts/provider-accounts.ts";
import { loadWorkerSettings } from "../src/config.ts";
import { createClaim } from "../src/delivery/claim-messages.ts";
import { createLostClaims } from "../src/delivery/lost-claims.ts";
import { dispatchSweeps, expirySweeps, parkedReportSweep } from "../src/delivery/sweeps.ts";
import { createPublishDirectory, overtakePublished } from "../src/directory/publish-directory.ts";
import type { KnownReport } from "../src/reports/known-report.ts";
import { takeReports } from "../src/reports/match-reports.ts";
import type { ReceivedReport } from "../src/reports/read-reports.ts";
import { prepareDatabase } from "../src/start/prepare-database.ts";
import { createRecorder, makeCampaign } from "./recorder.ts";
import { openWorkerDatabase, type WorkerDatabase } from "./worker-database.ts";

/** A lane in which only what a test claims is due. */
const CLAIM = { lane: "high", provider: "twilio", slots: 50, leaseMs: 60_000, afterClientId: null } as const;

function received(report: Partial<KnownReport>, changes: Parameters<typeof sampleReport>[0] = {}): ReceivedReport {
  const known: KnownReport = {
    provider_message_id: "SM1",
    status: "sent",
    provider_status: "sent",
    error: null,
    price: null,
    request_id: randomUUID(),
    ...report,
  };
  return { envelope: sampleReport(changes), kind: "lab", report: known };
}

describeWith("postgres", "what a worker does by itself", (adminUrl) => {
  let parts: WorkerDatabase;
  beforeAll(async () => {
    parts = await openWorkerDatabase(adminUrl);
  });
  afterAll(() => parts.close());

  const { record, recordOne, read } = createRecorder(() => parts);

  it("records a batch in slices of two thousand messages, and wakes after each", async () => {
    const bulk = { sms_type: "promotional", priority: 5 } as const;
    expect(await record(...Array.from({ length: 3 }, () => makeCampaign(1_000, bulk)))).toBe(2);
    expect(await record()).toBe(0);
  });

  it("drops what has expired every minute, all of it, and idempotency keys an hour after they were recorded", async () => {
    const past = new Date(Date.now() - 1_000).toISOString();
    const keyed = Array.from({ length: 600 }, (_, index) => {
      const hash = index.toString(16).padStart(64, "0");
      return makeCampaign(1, { idempotency_key_hash: hash, fingerprint: hash, idempotency_expires_at: past });
    });
    await record(...keyed);
    const sweep = dispatchSweeps(parts).find(({ name }) => name === "idempotency_keys");
    await sweep?.run();
    expect(await dropExpiredIdempotencyKeys(parts.db, 1, 0)).toBe(1);
    const drop = (limit: number) => dropExpiredIdempotencyKeys(parts.db, limit, 0);
    await expirySweeps([{ name: "keys", drop }])[0]?.run();
    expect(await drop(1)).toBe(0);
    let drops = 0;
    const count = async () => {
      drops += 1;
      return 500;
    };
    await expirySweeps([{ name: "told to end", drop: count }])[0]?.run(AbortSignal.abort());
    expect(drops).toBe(0);
    expect([sweep?.everyMs, parkedReportSweep(parts).everyMs]).toEqual([60_000, 60_000]);
  });

  it("raises the alarm for messages that are not final five minutes after their deadline", async () => {
    const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();
    const ids = [await recordOne({ expire_at: minutesAgo(7) }), await recordOne({ expire_at: minutesAgo(6) })];
    await recordOne({ expire_at: minutesAgo(4) });
    const sweeps = dispatchSweeps(parts);
    const watchdog = sweeps.find(({ name }) => name === "watchdog");
    await watchdog?.run();
    // The sweep may not have had its turn yet.
    expect(parts.log.filter(({ event }) => event === "messages.forgotten")).toEqual([]);
    await watchdog?.run();
    expect(parts.log).toContainEqual(
      expect.objectContaining({ event: "messages.forgotten", level: "error", count: 2, message_ids: ids }),
    );
    expect(await parts.registry.getSingleMetricAsString("sms_messages_forgotten")).toMatch(/} 2$/m);
    await sweeps.find(({ name }) => name === "expire_overdue")?.run();
    await watchdog?.run();
    expect(await parts.registry.getSingleMetricAsString("sms_messages_forgotten")).toMatch(/} 0$/m);
    expect((await read(ids[0] ?? ""))?.status).toBe("expired");
  });

  it("drops one report that the database refuses, loudly, and applies all others", async () => {
    const ids = [await recordOne(), await recordOne(), await recordOne()];
    await claimDue(parts.db, CLAIM);
    const error = { code: "30008", message: "zero \u0000 byte" };
    const reports = ids.map((id, index) =>
      received(index === 1 ? { status: "undelivered", error } : {}, { message_id: id }),
    );
    const stranger = received({ provider_message_id: "SM-stranger" }, { message_id: null, attempt_number: null });
    await takeReports(parts, [...reports, stranger]);
    const statuses = await Promise.all(ids.map(async (id) => (await read(id))?.attempts[0]?.reportStatus));
    expect(statuses).toEqual(["sent", null, "sent"]);
    expect(parts.log).toContainEqual(
      expect.objectContaining({ event: "report.given_up", level: "error", message_id: ids[1] }),
    );
    // The queue hands the same batch over again: what was parked stays parked once.
    await takeReports(parts, [...reports, stranger]);
    const provider = "twilio";
    const { report, envelope } = stranger;
    const parked = { provider, account: "lab", providerMessageId: "SM-stranger", report } as const;
    const parkedId = await parkReport(parts.db, { ...parked, receivedAt: new Date(envelope.received_at) });
    const id = await recordOne();
    await claimDue(parts.db, CLAIM);
    await takeReports(parts, [received({ provider_message_id: "SM-stranger" }, { message_id: id })]);
    expect((await takeParkedReports(parts.db, 10)).map((one) => one.id)).toEqual([parkedId]);
  });

  it("drops reports that nobody has known for three days, and counts them", async () => {
    const parked = { provider: "twilio", account: "lab", providerMessageId: "SM-nobody" } as const;
    await parkReport(parts.db, { ...parked, report: {}, receivedAt: new Date() });
    const sql = openSql(parts.url);
    await sql.ask(
      "update parked_reports set parked_at = now() - interval '73 h' where provider_message_id = 'SM-nobody'",
    );
    await sql.close();
    const countDropped = async () => {
      const text = (await parts.registry.getSingleMetricAsString("sms_worker_failures_total")) ?? "";
      return Number(/part="parked_report_dropped"[^}]*\} (\d+)/.exec(text)?.[1] ?? 0);
    };
    const before = await countDropped();
    await parkedReportSweep(parts).run();
    expect((await countDropped()) - before).toBe(1);
    expect(parts.log).toContainEqual(expect.objectContaining({ event: "report.parked_dropped", count: 1 }));
  });

  it("says with an applied report which requests brought the message and the report", async () => {
    const id = await recordOne();
    await claimDue(parts.db, CLAIM);
    await takeReports(parts, [received({ request_id: "report-request" }, { message_id: id })]);
    expect(parts.log.find((line) => line.event === "report.applied" && line.message_id === id)).toMatchObject({
      request_id: "report-request",
      message_request_id: (await read(id))?.request?.id,
    });
  });

  it("claims again what the database had claimed when the answer was lost", async () => {
    const id = await recordOne();
    const cut = await openCut(parts.url);
    const behindCut = openDatabase({ url: cut.url, poolMax: 2 });
    const woken: ReadonlySet<ProviderName>[] = [];
    const lost = createLostClaims({ ...parts, wake: (providers) => woken.push(providers) });
    const claim = createClaim(behindCut, { provider: "twilio", leaseMs: 60_000, onLost: lost.add });
    await expect(claim("high", 5)).rejects.toThrow();
    expect(await read(id)).toMatchObject({ status: "sending", attempts: [{ outcome: null }] });
    await lost.giveBack();
    expect(await read(id)).toMatchObject({
      status: "queued",
      attempts: [{ outcome: "try_later", errorCode: "CLAIM_LOST" }],
    });
    expect(woken.map((providers) => [...providers])).toEqual([["twilio"]]);
    expect((await claimDue(parts.db, CLAIM)).messages).toMatchObject([{ id, attemptNumber: 2 }]);
    await behindCut.close();
    cut.server.close();
  });

  it("does not wait at the start for a database that refuses it: its settings are wrong", async () => {
    const elsewhere = new URL(parts.url);
    elsewhere.pathname = "/none";
    const db = openDatabase({ url: elsewhere.href, poolMax: 1 });
    const settings = loadWorkerSettings({});
    const accounts = createProviderAccounts(settings);
    const publisher = { publishedVersion: async () => undefined, publish: async () => "stale" as const };
    const deps = {
      db,
      settings,
      accounts,
      publisher: { ...publisher, close: async () => undefined },
      logger: parts.logger,
    };
    await expect(prepareDatabase(deps, new AbortController().signal)).rejects.toMatchObject({
      name: "DatabaseUnavailableError",
      isAccessRefused: true,
    });
    await db.close();
  });

  it("publishes the directory of a database that was restored to an older state", async () => {
    const { db, directory, logger } = parts;
    let version = (await readDirectoryVersion(db)) + 1_000_000_000;
    const publisher = {
      publishedVersion: async () => version,
      publish: async (snapshot: { version: number }) => {
        version = snapshot.version;
        return "published" as const;
      },
      close: async () => undefined,
    };
    const publish = createPublishDirectory({ directory, publisher, logger });
    await publish();
    await publish();
    expect(parts.log.filter(({ event }) => event === "directory.stale")).toHaveLength(1);
    await overtakePublished(db, { publisher, logger });
    const raised = await readDirectoryVersion(db);
    expect(raised).toBeGreaterThan(version);
    await overtakePublished(db, { publisher: { ...publisher, publishedVersion: async () => raised }, logger });
    expect(await readDirectoryVersion(db)).toBe(raised);
    await setProviderPriority(db, "nexmo", 11);
    await publish();
    expect(version).toBe(await readDirectoryVersion(db));
  });
});

/** A way to the database on which the answer to every commit of a claim is lost, and the connection with it. */
async function openCut(url: string): Promise<{ url: string; server: Server }> {
  const target = new URL(url);
  const server = createServer((near) => {
    const far = dial(Number(target.port), target.hostname);
    let isLost = false;
    near.on("data", (data) => {
      // The statement, with the end of its text; session settings have the word in their names.
      isLost ||= data.includes("commit\0");
      far.write(data);
    });
    far.on("data", (data) => (isLost ? near.destroy() : near.write(data)));
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      one.on("error", () => undefined);
      one.on("close", () => other.destroy());
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return { url: withPort(url, address.port), server };
}

function withPort(url: string, port: number): string {
  const changed = new URL(url);
  changed.hostname = "127.0.0.1";
  changed.port = String(port);
  return changed.href;
}
