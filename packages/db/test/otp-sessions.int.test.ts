import type { OtpSessions } from "@sms-gateway/contracts";
import {
  checkOf,
  describeWith,
  newOtpCreate,
  newOtpResend,
  type OtpSessionsHarness,
  openFaultyNetwork,
  otpSessionsContract,
  waitFor,
} from "@sms-gateway/testkit";
import { expect, test } from "vitest";
import {
  createDbOtpSessions,
  type Database,
  type DbOtpSessionsOptions,
  dropExpiredOtpSessions,
  openDatabase,
} from "../src/index.ts";
import { ask, count } from "./ask.ts";
import { useDatabase } from "./test-database.ts";

/** A lost answer should be known to be lost soon; all others are given the time of a loaded machine. */
/** So that five steps that each wait for it take longer than any bound. */
const FAULTY_ANSWER_TIMEOUT_MS = 2_000;
const PATIENT_ANSWER_TIMEOUT_MS = 10_000;

/** Notes how the transaction of each change will commit. */
const NOTE_COMMITS = `
create table noted_commits (setting text);
create function note_commit() returns trigger language plpgsql as $$
begin
  insert into noted_commits values (current_setting('synchronous_commit'));
  return null;
end
$$;
create trigger note_commit after insert or update or delete on otp_sessions
  for each row execute function note_commit();
create trigger note_commit after insert on otp_discarded_tokens
  for each row execute function note_commit()`;
const FORGET_COMMITS = "drop function note_commit cascade; drop table noted_commits";

describeWith("postgres", "the OTP sessions on Postgres", (adminUrl) => {
  const database = useDatabase(adminUrl);

  otpSessionsContract("db", async (): Promise<OtpSessionsHarness> => {
    const networks: { close(): Promise<void> }[] = [];
    const opened: { readonly db: Database; readonly sessions: OtpSessions }[] = [];
    const open = (db: Database, options: DbOtpSessionsOptions) => {
      const sessions = createDbOtpSessions(db, options);
      opened.push({ db, sessions });
      return sessions;
    };
    return {
      openGateway: async (options) => open(database.open(), { answerTimeoutMs: PATIENT_ANSWER_TIMEOUT_MS, ...options }),
      openFaultyGateway: async () => {
        const { hostname, port } = new URL(database.url());
        const network = await openFaultyNetwork({ host: hostname, port: Number(port || 5432) });
        networks.push(network);
        const through = new URL(database.url());
        through.host = `127.0.0.1:${network.port}`;
        const db = openDatabase({ url: through.href, poolMax: 2 });
        return { sessions: open(db, { answerTimeoutMs: FAULTY_ANSWER_TIMEOUT_MS }), network };
      },
      close: async () => {
        await Promise.all(opened.map(({ sessions }) => sessions.close()));
        await Promise.all(opened.map(({ db }) => db.close()));
        await Promise.all(networks.map((network) => network.close()));
      },
    };
  });

  test("every step waits for the disk, also where the database does not by default", async () => {
    const db = database.open(1);
    await ask(db, NOTE_COMMITS);
    await ask(db, "set synchronous_commit = off");
    const sessions = createDbOtpSessions(db);
    const request = newOtpCreate("durable");
    const resend = newOtpResend(request);
    await sessions.create(request);
    await sessions.resend(resend);
    await sessions.check(checkOf(request, "wrong"));
    await sessions.discard(resend.ref);
    await sessions.check(checkOf(request));
    const noted = await ask<{ setting: string }>(db, "select setting from noted_commits");
    // A discard writes to two tables.
    expect(noted.map(({ setting }) => setting)).toEqual(["on", "on", "on", "on", "on", "on"]);
    expect(await ask(db, "show synchronous_commit")).toEqual([{ synchronous_commit: "off" }]);
    await ask(db, FORGET_COMMITS);
  });

  test("the sweep drops what is gone and nothing else, at most so many at once", async () => {
    const db = database.open();
    const forgetful = createDbOtpSessions(db, { keepMs: 1 });
    const gone = Array.from({ length: 5 }, () => newOtpCreate("swept", { lifeMs: 1 }));
    const kept = newOtpCreate("swept");
    for (const request of [...gone, kept]) await forgetful.create(request);
    await forgetful.discard({ ...kept.ref, token: "another" });
    await waitFor(async () => (await count(db, "otp_sessions", "client_id = 'swept' and gone_at <= now()")) === 5, {
      what: "five sessions to be gone",
    });
    await dropAll(db);
    expect(await count(db, "otp_sessions", "client_id = 'swept'")).toBe(1);
    expect(await count(db, "otp_discarded_tokens", "client_id = 'swept'")).toBe(1);
    await ask(db, "update otp_discarded_tokens set dead_until = now() - interval '1 s'");
    await dropAll(db);
    expect(await count(db, "otp_discarded_tokens")).toBe(0);
    expect(await forgetful.check(checkOf(kept))).toEqual({ outcome: "verified" });
  });
});

/** In rounds of three, of which each drops as many as it may while there are any. */
async function dropAll(db: Database): Promise<void> {
  const limit = 3;
  for (let round = 0; round < 10_000; round += 1) {
    const dropped = await dropExpiredOtpSessions(db, limit);
    expect(dropped).toBeLessThanOrEqual(limit);
    if (dropped < limit) return;
  }
}
