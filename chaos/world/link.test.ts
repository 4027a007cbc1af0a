import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { waitFor } from "@sms-gateway/testkit";
import { afterEach, describe, expect, test } from "vitest";
import { type Link, openLink } from "./link.ts";

const SHORT_MS = 100;

describe("a link", () => {
  const open: { server: Server; link: Link; sockets: Socket[] }[] = [];
  afterEach(async () => {
    for (const { server, link, sockets } of open.splice(0)) {
      for (const socket of sockets) socket.destroy();
      await link.close();
      server.close();
    }
  });

  /** A server that sends everything back, and a client of it through a link. */
  async function openEcho() {
    const sockets: Socket[] = [];
    const taken: Socket[] = [];
    const server = createServer((socket) => {
      sockets.push(socket);
      taken.push(socket);
      socket.on("error", () => undefined).pipe(socket);
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    const link = await openLink([{ host: "127.0.0.1", port: address.port }]);
    open.push({ server, link, sockets });
    const dial = () => {
      const socket = connect(link.port, "127.0.0.1");
      let received = "";
      const state = { error: undefined as string | undefined, closed: false };
      socket.on("data", (bytes) => {
        received += bytes;
      });
      socket.on("error", (error) => {
        state.error = error.message;
      });
      socket.on("close", () => {
        state.closed = true;
      });
      sockets.push(socket);
      return { socket, state, received: () => received };
    };
    const tellAll = (text: string) => taken.map((socket) => socket.write(text));
    return { link, dial, tellAll };
  }

  test("carries both ways", async () => {
    const { dial } = await openEcho();
    const { socket, received } = dial();
    socket.write("hello");
    await waitFor(() => received() === "hello", { what: "the echo" });
  });

  test("that holds back carries what servers send only, and counts it", async () => {
    const { link, dial, tellAll } = await openEcho();
    const { socket, received } = dial();
    socket.write("hello");
    await waitFor(() => received() === "hello", { what: "the echo" });
    expect(link.carried()).toBe(5);
    link.holdBack();
    socket.write("kept");
    tellAll(" news");
    await waitFor(() => received() === "hello news", { what: "the news, and no echo before" });
    expect(link.carried()).toBe(10);
    link.heal();
    await waitFor(() => received() === "hello newskept", { what: "what was kept" });
  });

  test("that is cut resets what is open and refuses what comes, until it is healed", async () => {
    const { link, dial } = await openEcho();
    const first = dial();
    first.socket.write("a");
    await waitFor(() => first.received() === "a", { what: "the echo" });
    link.cut();
    await waitFor(() => first.state.closed, { what: "the reset" });
    expect(first.state.error).toContain("ECONNRESET");
    const second = dial();
    await waitFor(() => second.state.closed, { what: "the refusal" });
    link.heal();
    const third = dial();
    third.socket.write("b");
    await waitFor(() => third.received() === "b", { what: "the echo after it" });
  });

  test("that is silent passes nothing and tells nobody, and then passes all of it", async () => {
    const { link, dial } = await openEcho();
    const { socket, state, received } = dial();
    socket.write("a");
    await waitFor(() => received() === "a", { what: "the echo" });
    link.silence();
    socket.write("b");
    const late = dial();
    late.socket.write("c");
    await once(late.socket, "connect");
    // As long as an open link takes many times over.
    const { link: otherLink, dial: dialOther } = await openEcho();
    otherLink.slowDown(SHORT_MS);
    const clock = dialOther();
    clock.socket.write("tick");
    await waitFor(() => clock.received() === "tick", { what: "the slow echo" });
    expect([received(), late.received(), state.closed]).toEqual(["a", "", false]);
    link.heal();
    await waitFor(() => received() === "ab" && late.received() === "c", { what: "what was held back" });
  });

  test("that is slow keeps the order", async () => {
    const { link, dial } = await openEcho();
    const { socket, received } = dial();
    link.slowDown(SHORT_MS);
    socket.write("1");
    await once(socket, "connect");
    link.slowDown(SHORT_MS / 2);
    socket.write("2");
    link.heal();
    socket.write("3");
    await waitFor(() => received() === "123", { what: "all of it in order" });
  });

  test("goes to the next target when one does not listen", async () => {
    const { link } = await openEcho();
    const over = await openLink([
      { host: "127.0.0.1", port: 1 },
      { host: "127.0.0.1", port: link.port },
    ]);
    try {
      for (let turn = 0; turn < 2; turn += 1) {
        const socket = connect(over.port, "127.0.0.1");
        socket.write("x");
        const [bytes] = await once(socket, "data");
        expect(String(bytes)).toBe("x");
        socket.destroy();
      }
    } finally {
      await over.close();
    }
  });
});
