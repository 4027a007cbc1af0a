import { describeWith } from "@sms-gateway/testkit";
import { expect, test } from "vitest";
import { inPrismaTransaction, inTransaction, type Transaction } from "../src/transaction.ts";
import { ask, count } from "./ask.ts";
import { useDatabase } from "./test-database.ts";

describeWith("postgres", "inTransaction", (adminUrl) => {
  const database = useDatabase(adminUrl);

  test("runs again after a deadlock, so that both sides get through", async () => {
    const db = database.open(4);
    await ask(db, "create table pair (id int primary key, touched int not null default 0)");
    await ask(db, "insert into pair values (1), (2)");
    const touch = (tx: Transaction, id: number) =>
      tx.query("update pair set touched = touched + 1 where id = $1", [id]);
    let runs = 0;
    let bothHoldOne = (): void => undefined;
    const barrier = new Promise<void>((resolve) => {
      bothHoldOne = resolve;
    });
    const work = (first: number, second: number) =>
      inTransaction(db, async (tx) => {
        runs += 1;
        await touch(tx, first);
        if (runs === 2) bothHoldOne();
        await barrier;
        await touch(tx, second);
      });
    await Promise.all([work(1, 2), work(2, 1)]);
    expect(runs).toBe(3);
    expect(await count(db, "pair", "touched = 2")).toBe(2);
  });

  test("leaves nothing of work that fails, and gives its connection back", async () => {
    const db = database.open(1);
    await ask(db, "create table trace (id int)");
    for (let turn = 0; turn < 3; turn += 1) {
      const work = inTransaction(db, async (tx) => {
        await tx.query("insert into trace values (1)");
        throw new RangeError("on purpose");
      });
      await expect(work).rejects.toThrow("on purpose");
    }
    expect(await count(db, "trace")).toBe(0);
  });

  test("does not take a fault of our own for an outage", async () => {
    const db = database.open(1);
    for (const fault of [new TypeError("ours"), new RangeError("ours")]) {
      const fail = async (): Promise<never> => {
        throw fault;
      };
      await expect(inTransaction(db, fail)).rejects.toBe(fault);
      await expect(inPrismaTransaction(db, fail)).rejects.toBe(fault);
    }
  });
});
