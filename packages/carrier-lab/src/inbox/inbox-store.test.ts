import { appendFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import Fastify from "fastify";
import { expect, onTestFinished, test } from "vitest";
import { type InboxStore, openInboxStore, type Receipt } from "./inbox-store.ts";

const NUMBERS = ["+15005550006", "+1500555000", "+4915112345678"];

async function createFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "inbox-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

function openStore(file: string, memoryBytesMax = 1_000_000): Promise<InboxStore> {
  return openInboxStore({ file, logger: Fastify().log, memoryBytesMax });
}

function createReceipt(number: string, message: string): Receipt {
  return {
    number,
    from: "Shop",
    message,
    provider: "twilio",
    received_at: "2026-01-01T00:00:00.000Z",
    m: "m1",
    id: "SM1",
  };
}

test("shows every inbox in order, whatever fits into memory, before and after a restart", async () => {
  const folder = await createFolder();
  let run = 0;
  const receipts = fc.array(
    fc.record({ number: fc.constantFrom(...NUMBERS), message: fc.string({ unit: "binary" }), restart: fc.boolean() }),
  );
  await fc.assert(
    fc.asyncProperty(receipts, fc.constantFrom(1, 2000, 1_000_000), async (given, memoryBytesMax) => {
      run += 1;
      const file = join(folder, `${run}.jsonl`);
      let store = await openStore(file, memoryBytesMax);
      for (const { number, message, restart } of given) {
        store.receive(createReceipt(number, message));
        if (!restart) continue;
        await store.close();
        store = await openStore(file, memoryBytesMax);
      }
      for (const number of NUMBERS) {
        const expected = given
          .filter((receipt) => receipt.number === number)
          .map(({ message }) => message.toWellFormed());
        const inbox = await store.readInbox(number);
        expect(inbox.map(({ message }) => message)).toEqual(expected);
      }
      expect(store.countReceived().received).toBe(given.length);
      await store.close();
    }),
    { numRuns: 60 },
  );
});

test("gives a message the documented fields and no others", async () => {
  const store = await openStore(join(await createFolder(), "inbox.jsonl"));
  onTestFinished(() => store.close());
  store.receive(createReceipt("+15005550006", "Hello"));
  expect(await store.readInbox("+15005550006")).toEqual([
    { from: "Shop", message: "Hello", provider: "twilio", received_at: "2026-01-01T00:00:00.000Z" },
  ]);
});

test("cuts off the half line of a crash and goes on behind the last whole one", async () => {
  const file = join(await createFolder(), "inbox.jsonl");
  const first = await openStore(file);
  first.receive(createReceipt("+15005550006", "one"));
  await first.close();
  const whole = await readFile(file, "utf8");
  await appendFile(file, whole.slice(0, -3));
  const second = await openStore(file);
  second.receive(createReceipt("+15005550006", "two"));
  await second.close();
  expect(await readFile(file, "utf8")).toBe(whole + whole.replace("one", "two"));
});

test("passes over lines that are no receipts", async () => {
  const file = join(await createFolder(), "inbox.jsonl");
  await writeFile(file, 'x\n{"number":"+15005550006"}\n\nnull\n');
  const store = await openStore(file);
  store.receive(createReceipt("+15005550006", "one"));
  expect(store.countReceived()).toEqual({ received: 1, by_provider: { twilio: 1 } });
  await store.close();
  const again = await openStore(file, 1);
  expect(await again.readInbox("+15005550006")).toHaveLength(1);
  await again.close();
});
