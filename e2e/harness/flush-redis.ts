import { once } from "node:events";
import { connect } from "node:net";

/** Takes everything from a Redis, as a lost volume or a wrong command does. */
export async function flushRedis(url: string): Promise<void> {
  const { hostname, port, password } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  socket.setTimeout(5_000, () => socket.destroy(new Error("Redis did not answer")));
  await once(socket, "connect");
  // Redis' inline form: a command per line. It ends the connection after QUIT.
  socket.write(`AUTH ${decodeURIComponent(password)}\r\nFLUSHALL\r\nQUIT\r\n`);
  const replies: string[] = [];
  for await (const chunk of socket.setEncoding("utf8")) replies.push(String(chunk));
  if (replies.join("") !== "+OK\r\n+OK\r\n+OK\r\n") throw new Error(`Redis was not flushed: ${replies.join("")}`);
}
