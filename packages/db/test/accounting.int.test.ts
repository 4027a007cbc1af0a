import { randomUUID } from "node:crypto";
import type { SequenceRange } from "@sms-gateway/contracts";
import { describeWith } from "@sms-gateway/testkit";
import { beforeAll, expect, test } from "vitest";
import {
  accountGroups,
  countAccountingDay,
  type Database,
  type DayCounts,
  dropOldAcceptedMarks,
  listMissingBatches,
  readAccounting,
  recordAccepted,
  sumUnaccounted,
  type TakenStamp,
  takeMissingBatches,
  writeOffBatches,
} from "../src/index.ts";
import { ask, count } from "./ask.ts";
import { makeRows } from "./record-rows.ts";
import { useDatabase } from "./test-database.ts";

const DAY = "2026-11-03";
const NOTHING: DayCounts = { announced: 0, recorded: 0, repeated: 0, aliases: 0, dead: 0 };

function makeGroup(bootId: string, sequence: number, changes: Partial<DayCounts> = {}, day = DAY): TakenStamp {
  const counts = { ...NOTHING, announced: 2, recorded: 2, ...changes };
  const stamp = { bootId, sequence, messages: { [day]: counts.announced }, settled: sequence - 1, voided: [] };
  return { stamp, days: new Map([[day, counts]]) };
}

const withVoided = (group: TakenStamp, ...voided: SequenceRange[]) => ({ ...group, stamp: { ...group.stamp, voided } });

describeWith("postgres", "the accounting", (adminUrl) => {
  const database = useDatabase(adminUrl);
  let db: Database;
  beforeAll(() => {
    db = database.open(8);
  });

  const sequencesOf = (groups: readonly TakenStamp[]) => groups.map(({ stamp }) => stamp.sequence);
  async function missingOf(bootId: string, afterMs = 0): Promise<[number, number][]> {
    const missing = await listMissingBatches(db, afterMs);
    return missing.filter((one) => one.bootId === bootId).map(({ first, last }) => [first, last]);
  }

  test("adds a group to its days once, however often it comes, and in two workers at once", async () => {
    const boots = [randomUUID(), randomUUID()].sort();
    const groups = boots.flatMap((bootId) => [1, 2, 3, 4].map((sequence) => makeGroup(bootId, sequence)));
    const other = database.open(4);
    const [one, two] = await Promise.all([
      accountGroups(db, "normal", [...groups, ...groups]),
      accountGroups(other, "normal", [...groups].reverse()),
    ]);
    expect([...one.counted, ...two.counted]).toHaveLength(8);
    expect((await accountGroups(db, "normal", groups)).counted).toEqual([]);
    // Another lane has sequences of its own.
    const counts = { announced: 7, recorded: 1, repeated: 2, aliases: 3, dead: 1 };
    await accountGroups(
      db,
      "high",
      boots.map((bootId) => makeGroup(bootId, 1, counts)),
    );
    const sums = { announced: 30, recorded: 18, repeated: 4, aliases: 6, deadLetters: 2, difference: 0 };
    expect(await readAccounting(db, DAY, { lostAfterMs: 0 })).toMatchObject({ day: DAY, ...sums });
  });

  test("adds sums of many workers exactly, over several days and boot ids in any order", async () => {
    const boots = [randomUUID(), randomUUID(), randomUUID()];
    const pools = [db, database.open(4), database.open(4)];
    await Promise.all(
      pools.map(async (pool, worker) => {
        for (let sequence = 1; sequence <= 40; sequence += 1) {
          const days = sequence % 2 === 0 ? ["2026-10-01", "2026-10-02"] : ["2026-10-02", "2026-10-01"];
          // Two of three workers take each group.
          const groups = boots.flatMap((bootId, boot) =>
            boot === worker ? [] : [makeGroup(bootId, sequence, {}, days[boot % 2])],
          );
          await accountGroups(pool, "bulk", worker === 0 ? groups : groups.reverse());
        }
      }),
    );
    const sums = await Promise.all(
      ["2026-10-01", "2026-10-02"].map((day) => readAccounting(db, day, { lostAfterMs: 0 })),
    );
    expect(sums.reduce((sum, { announced }) => sum + announced, 0)).toBe(3 * 40 * 2);
    expect(await Promise.all(boots.map((bootId) => missingOf(bootId)))).toEqual([[], [], []]);
    const [statistics] = await ask(
      db,
      "select deadlocks::int from pg_stat_database where datname = current_database()",
    );
    expect(statistics).toEqual({ deadlocks: 0 });
  });

  test("answers a missing group once, shows it until it arrives, and says that it was late", async () => {
    const bootId = randomUUID();
    const mine = (batches: readonly { bootId: string }[]) => batches.filter((one) => one.bootId === bootId);
    await accountGroups(db, "normal", [makeGroup(bootId, 1), makeGroup(bootId, 4)]);
    expect(await missingOf(bootId, 60_000)).toEqual([]);
    expect(mine(await takeMissingBatches(db, 60_000))).toEqual([]);
    const [missing, ...more] = mine(await takeMissingBatches(db, 0));
    expect([missing, more]).toMatchObject([{ bootId, lane: "normal", first: 2, last: 3 }, []]);
    expect(mine(await takeMissingBatches(db, 0))).toEqual([]);
    const today = new Date().toISOString().slice(0, 10);
    const shown = await readAccounting(db, today, { lostAfterMs: 0 });
    expect(shown).toMatchObject({ balanced: false, difference: 0 });
    expect(shown.missingBatches).toContainEqual(missing);
    expect((await readAccounting(db, DAY, { lostAfterMs: 0 })).missingBatches).toEqual([]);
    const { counted, late } = await accountGroups(db, "normal", [makeGroup(bootId, 3)]);
    expect([sequencesOf(counted), late]).toMatchObject([[3], [{ bootId, lane: "normal", first: 3, last: 3 }]]);
    expect(await missingOf(bootId)).toEqual([[2, 2]]);
    expect(sequencesOf((await accountGroups(db, "normal", [makeGroup(bootId, 2)])).counted)).toEqual([2]);
    expect(await missingOf(bootId)).toEqual([]);
  });

  test("misses no group that is void, though the news of it comes later", async () => {
    const bootId = randomUUID();
    await accountGroups(db, "normal", [makeGroup(bootId, 6)]);
    expect(await missingOf(bootId)).toEqual([[1, 5]]);
    await accountGroups(db, "normal", [withVoided(makeGroup(bootId, 7), [1, 2], [4, 5])]);
    expect(await missingOf(bootId)).toEqual([[3, 3]]);
    await accountGroups(db, "normal", [withVoided(makeGroup(bootId, 10), [8, 9])]);
    expect(await missingOf(bootId)).toEqual([[3, 3]]);
  });

  test("finds messages that were announced and are unaccounted for, and recorded ones that are gone", async () => {
    const day = "2026-11-05";
    const bootId = randomUUID();
    const rows = makeRows(5, { acceptedAt: new Date(`${day}T23:59:59.999Z`) });
    await recordAccepted(db, [...rows, ...makeRows(1, { acceptedAt: new Date("2026-11-06T00:00:00.000Z") })]);
    await accountGroups(db, "normal", [makeGroup(bootId, 1, { announced: 5, recorded: 5 }, day)]);
    const counted = await countAccountingDay(db, day, 60_000);
    expect(counted).toMatchObject({ announced: 5, rows: 5, unaccounted: 0, unaccountedBefore: 0 });
    // Somebody has just counted.
    expect(await countAccountingDay(db, day, 60_000)).toBeUndefined();
    expect(await countAccountingDay(db, "2026-11-09", 0)).toBeUndefined();
    expect(await readAccounting(db, day, { lostAfterMs: 0 })).toMatchObject({ rows: 5, balanced: true });
    await accountGroups(db, "normal", [makeGroup(bootId, 2, { announced: 3, recorded: 0, repeated: 2 }, day)]);
    await ask(db, "delete from messages where id = $1", [rows[0]?.id]);
    expect(await readAccounting(db, day, { lostAfterMs: 0 })).toMatchObject({
      rows: 4,
      difference: 1,
      balanced: false,
    });
    expect(await countAccountingDay(db, day, 0)).toMatchObject({ unaccounted: 2, unaccountedBefore: 0 });
    expect(await countAccountingDay(db, day, 0)).toMatchObject({ unaccounted: 2, unaccountedBefore: 2 });
    expect(await sumUnaccounted(db, [day, "2026-11-09"])).toBe(2);
  });

  test("lets one worker at a time count, and none wait for it", async () => {
    const day = "2026-11-06";
    await accountGroups(db, "normal", [makeGroup(randomUUID(), 1, { announced: 1, recorded: 1 }, day)]);
    const counts = await Promise.all(Array.from({ length: 4 }, () => countAccountingDay(db, day, 60_000)));
    expect(counts.filter((one) => one !== undefined)).toHaveLength(1);
  });

  test("misses no group of which its publisher has not said that it was confirmed", async () => {
    const bootId = randomUUID();
    const group = makeGroup(bootId, 5);
    await accountGroups(db, "normal", [{ ...group, stamp: { ...group.stamp, settled: 2 } }]);
    expect(await missingOf(bootId)).toEqual([[1, 2]]);
    await takeMissingBatches(db, 0);
    await accountGroups(db, "normal", [withVoided(makeGroup(bootId, 6), [1, 1], [3, 3])]);
    expect(await missingOf(bootId)).toEqual([
      [2, 2],
      [4, 4],
    ]);
    const taken = (await takeMissingBatches(db, 0)).filter((one) => one.bootId === bootId);
    expect(taken).toMatchObject([{ first: 4, last: 4 }]);
  });

  test("does not count a group that arrives although it was called void", async () => {
    const bootId = randomUUID();
    const day = "2026-11-07";
    await accountGroups(db, "normal", [withVoided(makeGroup(bootId, 2, {}, day), [1, 1])]);
    expect(await accountGroups(db, "normal", [makeGroup(bootId, 1, {}, day)])).toEqual({ counted: [], late: [] });
    expect(await readAccounting(db, day, { lostAfterMs: 0 })).toMatchObject({ announced: 2, missingBatches: [] });
  });

  test("writes a loss off: it is listed and reported no more, and counts when it arrives", async () => {
    const bootId = randomUUID();
    await accountGroups(db, "normal", [makeGroup(bootId, 6)]);
    const now = new Date().toISOString().slice(0, 10);
    const before = await readAccounting(db, now, { lostAfterMs: 0 });
    const loss = { bootId, lane: "normal", first: 2, last: 4 } as const;
    expect(await writeOffBatches(db, { ...loss, lane: "high" })).toEqual([]);
    expect(await writeOffBatches(db, loss)).toEqual([[2, 4]]);
    expect(await writeOffBatches(db, loss)).toEqual([]);
    expect(await missingOf(bootId)).toEqual([
      [1, 1],
      [5, 5],
    ]);
    expect((await readAccounting(db, now, { lostAfterMs: 0 })).writtenOff - before.writtenOff).toBe(3);
    const taken = (await takeMissingBatches(db, 0)).filter((one) => one.bootId === bootId);
    expect(taken.map(({ first }) => first)).toEqual([1, 5]);
    const { counted, late } = await accountGroups(db, "normal", [makeGroup(bootId, 3)]);
    expect([sequencesOf(counted), late]).toEqual([[3], []]);
  });

  test("drops marks of publishers that ended long ago, but no loss that was not reported and none that is alive in another lane", async () => {
    const [ended, lossy, unsure, alive] = [randomUUID(), randomUUID(), randomUUID(), randomUUID()];
    const where = `boot_id in ('${ended}', '${lossy}', '${unsure}', '${alive}')`;
    await takeMissingBatches(db, 0);
    const open = { ...makeGroup(unsure, 3).stamp, settled: 0 };
    await accountGroups(db, "normal", [
      makeGroup(ended, 1),
      makeGroup(lossy, 2),
      { ...makeGroup(unsure, 3), stamp: open },
      makeGroup(alive, 1),
    ]);
    await ask(db, `update accepted_marks set seen_at = now() - interval '91 days' where ${where}`);
    await accountGroups(db, "high", [makeGroup(alive, 1)]);
    expect(await dropOldAcceptedMarks(db, 100)).toBe(2);
    expect(await count(db, "accepted_marks", where)).toBe(3);
    expect(await count(db, "accepted_marks", `boot_id = '${lossy}'`)).toBe(1);
    expect((await takeMissingBatches(db, 0)).map(({ bootId }) => bootId)).toContain(lossy);
    expect(await dropOldAcceptedMarks(db, 100)).toBe(1);
    expect(await count(db, "accepted_marks", `boot_id = '${alive}'`)).toBe(2);
  });

  test("has no index that an update of a mark would have to change", async () => {
    const where = "tablename = 'accepted_marks' and schemaname = current_schema()";
    const indexes = await ask(db, `select indexname from pg_indexes where ${where}`);
    expect(indexes).toEqual([{ indexname: "accepted_marks_pkey" }]);
  });

  test("says of a day whose rows were dropped with their partition that it has none, and balances without them", async () => {
    const day = "2024-03-01";
    await accountGroups(db, "normal", [makeGroup(randomUUID(), 1, {}, day)]);
    expect(await readAccounting(db, day, { lostAfterMs: 0 })).toMatchObject({
      recorded: 2,
      rows: null,
      balanced: true,
    });
  });

  test("has zeros for a day of which nothing is known", async () => {
    const counts = { announced: 0, recorded: 0, repeated: 0, aliases: 0, deadLetters: 0, rows: 0, difference: 0 };
    const nothing = { day: "2024-02-29", ...counts, missingBatches: [], writtenOff: 0, balanced: true };
    expect(await readAccounting(db, "2024-02-29", { lostAfterMs: 0 })).toEqual(nothing);
  });
});
