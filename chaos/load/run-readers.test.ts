import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { waitFor } from "@sms-gateway/testkit";
import { afterEach, describe, expect, test } from "vitest";
import { type ReadCount, startReaders } from "./run-readers.ts";

const MESSAGE = { id: "m1", number: "+491", apiKey: "k" };
const SENT = { id: "m1", to: "+491", status: "sent" };

describe("readers", () => {
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
  });

  /** Reads from a gateway that gives these answers, and the last one from then on. */
  async function readFrom(...answers: readonly [number, object][]): Promise<ReadCount> {
    let asked = 0;
    const server = createServer((_request, response) => {
      const [status, body] = answers[Math.min(asked, answers.length - 1)] ?? [500, {}];
      asked += 1;
      if (status === 0) return void response.destroy();
      response.writeHead(status).end(JSON.stringify(body));
    }).listen(0, "127.0.0.1");
    servers.push(server);
    await once(server, "listening");
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    const readers = startReaders([`http://127.0.0.1:${address.port}`], 1);
    readers.add([MESSAGE]);
    await waitFor(() => asked > answers.length, { what: "every answer" });
    return readers.stop();
  }

  test("take what changes as it may", async () => {
    const count = await readFrom([200, { id: "m1", status: "accepted" }], [200, SENT], [503, { error_code: "X" }]);
    expect(count).toMatchObject({ answered: 2, unanswered: 0, hung: 0, wrong: [] });
    expect(count.unavailable).toBe(count.asked - 2);
  });

  test("find an id that is not known, an answer that cannot be read, and another's message", async () => {
    const { wrong } = await readFrom([404, { error_code: "NOT_FOUND" }], [200, []], [200, { ...SENT, to: "+492" }]);
    expect(wrong.slice(0, 3)).toEqual([
      'GET m1: 404 {"error_code":"NOT_FOUND"}',
      "GET m1: 200 []",
      "GET m1: is a message to +492, not to +491",
    ]);
  });

  test("find what goes back", async () => {
    const { wrong } = await readFrom(
      [200, { ...SENT, status: "delivered" }],
      [200, SENT],
      [200, { status: "accepted" }],
    );
    expect(wrong.slice(0, 2)).toEqual([
      "GET m1: was delivered, and is sent",
      "GET m1: was sent, and is not recorded any longer",
    ]);
  });

  test("count who does not answer", async () => {
    const { asked, unanswered } = await readFrom([0, {}]);
    expect(unanswered).toBe(asked);
  });
});
