import { connect, type Socket } from "node:net";

/** What a port answers: not at all; a Postgres that lets nobody in yet or any more; one that does. */
export type PostgresAnswer = "silent" | "starting" | "ready";

const ANSWER_TIMEOUT_MS = 2_000;
const PROTOCOL_VERSION = 0x0003_0000;
/** SQLSTATE cannot_connect_now: starting up, in recovery or shutting down. */
const CANNOT_CONNECT_NOW = "57P03";

/**
 * Begins a login on 127.0.0.1 and looks at the first answer, as pg_isready does; needs neither password nor a free
 * connection slot. PostgreSQL manual, "Message Formats": StartupMessage, ErrorResponse.
 */
export function askPostgres(port: number, user: string): Promise<PostgresAnswer> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    const chunks: Buffer[] = [];
    const answer = (value: PostgresAnswer) => {
      socket.destroy();
      resolve(value);
    };
    socket.setTimeout(ANSWER_TIMEOUT_MS, () => answer("silent"));
    socket.once("error", () => answer("silent"));
    socket.once("connect", () => sendStartup(socket, user));
    socket.on("data", (chunk) => {
      chunks.push(chunk);
      if (isWhole(Buffer.concat(chunks))) answer(readAnswer(Buffer.concat(chunks)));
    });
    socket.once("end", () => answer(readAnswer(Buffer.concat(chunks))));
  });
}

function sendStartup(socket: Socket, user: string): void {
  const parameters = Buffer.from(`user\0${user}\0database\0postgres\0\0`);
  const head = Buffer.alloc(8);
  head.writeInt32BE(head.length + parameters.length, 0);
  head.writeInt32BE(PROTOCOL_VERSION, 4);
  socket.write(Buffer.concat([head, parameters]));
}

/** One message: a byte of type, then its length without that byte. */
function isWhole(received: Buffer): boolean {
  return received.length >= 5 && received.length > received.readInt32BE(1);
}

function readAnswer(received: Buffer): PostgresAnswer {
  const type = received.toString("latin1", 0, 1);
  if (type === "") return "silent";
  // Any other refusal, such as of a full house, comes from a server that works.
  return type === "E" && received.includes(`C${CANNOT_CONNECT_NOW}\0`) ? "starting" : "ready";
}
