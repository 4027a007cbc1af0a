import { once } from "node:events";
import { Agent, createServer, type IncomingHttpHeaders, request } from "node:http";
import type { Random } from "../random.ts";

/** What happens to a carrier's report: it arrives, twice, seconds later (so that others pass it), or never. */
export type ReportMood = "works" | "twice" | "late" | "lost";

/** Stands between carriers and workers. */
export interface UnrulyReports {
  readonly port: number;
  /** From now on each report meets a mood of its own. */
  setMoods(draw: () => ReportMood): void;
  close(): Promise<void>;
}

interface Report {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

const LATE_MAX_MS = 8_000;

/** Opens it on a free port of 127.0.0.1 in front of the workers' address. The carrier is always told that all is well. */
export async function openUnrulyReports(workersPort: number, random: Random): Promise<UnrulyReports> {
  const agent = new Agent({ keepAlive: true, noDelay: true });
  const held = new Set<NodeJS.Timeout>();
  let draw: () => ReportMood = () => "works";

  const passOn = ({ path, headers, body }: Report): void => {
    const options = { agent, host: "127.0.0.1", port: workersPort, method: "POST", path, headers };
    const outgoing = request(options, (response) => response.resume());
    // A worker that is away misses it.
    outgoing.on("error", () => undefined);
    outgoing.end(body);
  };
  const passLater = (report: Report): void => {
    const timer = setTimeout(
      () => {
        held.delete(timer);
        passOn(report);
      },
      random.int(0, LATE_MAX_MS),
    );
    held.add(timer);
  };

  const server = createServer((incoming, answer) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.once("end", () => {
      const report = { path: incoming.url ?? "/", headers: incoming.headers, body: Buffer.concat(chunks) };
      const mood = draw();
      if (mood === "works" || mood === "twice") passOn(report);
      if (mood === "twice" || mood === "late") passLater(report);
      answer.writeHead(204).end();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the reports have no port");
  return {
    port: address.port,
    setMoods(moods) {
      draw = moods;
    },
    async close() {
      for (const timer of held) clearTimeout(timer);
      agent.destroy();
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
