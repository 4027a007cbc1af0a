import { appendFile } from "node:fs/promises";
import { buildCarrierLab } from "@sms-gateway/carrier-lab";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { LAB_TOKEN, readHandset, readObject, startLab, submit } from "./start-lab.ts";

const BOUND = { timeout: 30_000, interval: 5 };

test("says that it is well", async () => {
  const { origin } = await startLab();
  const response = await fetch(`${origin}/healthz`);
  expect(response.status).toBe(200);
  expect(await readObject(response)).toEqual({ status: "ok" });
});

describe("handsets", () => {
  test("shows what a handset received, oldest first, and from whom", async () => {
    const { origin } = await startLab();
    const send = async (provider: string, body: string, count: number) => {
      await submit(origin, { provider, fields: { To: "+15005550006", From: "Shop", Body: body } });
      await vi.waitFor(async () => expect(await readHandset(origin, "+15005550006")).toHaveLength(count), BOUND);
    };
    await send("twilio", "first", 1);
    await send("clickatell", "second", 2);
    const response = await fetch(`${origin}/lab/handsets/${encodeURIComponent("+15005550006")}`);
    expect(await readObject(response)).toEqual({
      number: "+15005550006",
      messages: [
        { from: "Shop", message: "first", provider: "twilio", received_at: expect.any(String) },
        { from: "Shop", message: "second", provider: "clickatell", received_at: expect.any(String) },
      ],
    });
    const stats = await readObject(await fetch(`${origin}/lab/stats`));
    expect(stats).toEqual({ received: 2, by_provider: { twilio: 1, clickatell: 1 } });
  });

  test("refuses what is no number, naming the field", async () => {
    const { origin } = await startLab();
    const response = await fetch(`${origin}/lab/handsets/nobody`);
    expect(response.status).toBe(422);
    expect(await readObject(response)).toEqual({
      error_code: "INVALID_PAYLOAD",
      message: expect.stringContaining("number"),
    });
  });

  test("keep their messages over a restart, and lose only the half line of a crash", async () => {
    const first = await startLab();
    for (const body of ["one", "two\nlines ü 😀"]) {
      await submit(first.origin, { fields: { To: "+15005550006", From: "Shop", Body: body } });
    }
    await vi.waitFor(async () => expect(await readHandset(first.origin, "+15005550006")).toHaveLength(2), BOUND);
    const before = await readHandset(first.origin, "+15005550006");
    await first.close();
    await appendFile(first.inboxFile, '{"number":"+15005550006","from":"Sh');

    const second = await startLab({ inboxFile: first.inboxFile });
    expect(await readHandset(second.origin, "+15005550006")).toEqual(before);
    await submit(second.origin, { fields: { To: "+15005550006", From: "Shop", Body: "three" } });
    await vi.waitFor(async () => expect(await readHandset(second.origin, "+15005550006")).toHaveLength(3), BOUND);
    await second.close();

    const third = await startLab({ inboxFile: first.inboxFile });
    expect((await readHandset(third.origin, "+15005550006")).map(({ message }) => message)).toEqual([
      "one",
      "two\nlines ü 😀",
      "three",
    ]);
  });
});

describe("access to /lab", () => {
  async function askFrom(remoteAddress: string, authorization?: string, trustNetwork = false) {
    const { inboxFile } = await startLab();
    const lab = await buildCarrierLab({ labToken: LAB_TOKEN, inboxFile: `${inboxFile}.2`, trustNetwork });
    onTestFinished(() => lab.close());
    const headers = {
      ...(authorization === undefined ? {} : { authorization }),
      "x-forwarded-for": "127.0.0.1",
    };
    return lab.inject({ url: "/lab/handsets/+15005550006", remoteAddress, headers });
  }

  test.each(["127.0.0.1", "::1", "::ffff:127.0.0.1"])("is open from %s", async (address) => {
    expect((await askFrom(address)).statusCode).toBe(200);
  });

  test("needs the token from elsewhere", async () => {
    const refused = await askFrom("10.0.0.5");
    expect(refused.statusCode).toBe(401);
    expect(refused.json()).toEqual({ error_code: "UNAUTHORIZED", message: expect.stringContaining("Authorization") });
    expect((await askFrom("10.0.0.5", "Bearer wrong")).statusCode).toBe(401);
    expect((await askFrom("10.0.0.5", `Bearer ${LAB_TOKEN}`)).statusCode).toBe(200);
  });

  test("is open from everywhere in a trusted network", async () => {
    expect((await askFrom("10.0.0.5", undefined, true)).statusCode).toBe(200);
  });
});

test("an unknown route is 404 in the lab's error shape", async () => {
  const { origin } = await startLab();
  const response = await fetch(`${origin}/lab/nothing`);
  expect(response.status).toBe(404);
  expect(await readObject(response)).toEqual({ error_code: "NOT_FOUND", message: expect.any(String) });
});
