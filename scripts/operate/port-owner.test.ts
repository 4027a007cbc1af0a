import { once } from "node:events";
import { createServer } from "node:net";
import { expect, test } from "vitest";
import { explainTakenPort, findPortOwner, tryPort } from "./port-owner.ts";

async function listenSomewhere(): Promise<{ port: number; close(): Promise<unknown> }> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return { port: address.port, close: () => once(server.close(), "close") };
}

test("a port that is listened on is found taken, by this process", async () => {
  const { port, close } = await listenSomewhere();
  const wanted = { setting: "GATEWAY_PORT", host: "0.0.0.0", port };
  expect(await tryPort(wanted)).toBe("EADDRINUSE");
  expect(findPortOwner(port)).toMatchObject({ pid: process.pid });
  const text = explainTakenPort(wanted, "EADDRINUSE", findPortOwner(port));
  expect(text).toContain(`GATEWAY_PORT=${port}: taken by process ${process.pid} (`);
  await close();
  expect(await tryPort(wanted)).toBeUndefined();
  expect(findPortOwner(port)).toBeUndefined();
});

const WANTED = { setting: "LAB_PORT", host: "127.0.0.1", port: 9100 };

test("an owner that may not be seen is said to be one", () => {
  expect(explainTakenPort(WANTED, "EADDRINUSE")).toContain("LAB_PORT=9100: taken by a process that is not to be seen");
});

test("an owner is told with its command, shortened, and its folder", () => {
  const owner = { pid: 7, command: `node ${"x".repeat(200)}`, folder: "/srv/other" };
  const text = explainTakenPort(WANTED, "EADDRINUSE", owner);
  expect(text).toMatch(/^LAB_PORT=9100: taken by process 7 \(node x+…\) in \/srv\/other\.$/);
  expect(text.length).toBeLessThan(200);
});

test("a port that only root may use and an address of another machine are told apart", () => {
  expect(explainTakenPort({ ...WANTED, port: 80 }, "EACCES")).toContain("below 1024");
  expect(explainTakenPort({ ...WANTED, host: "192.0.2.1" }, "EADDRNOTAVAIL")).toContain("192.0.2.1 is no address");
});
