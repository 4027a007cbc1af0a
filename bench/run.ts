/**
 * `make bench`: accept rate and latency at 64 keep-alive connections against a bare Fastify route with the same schema,
 * messages per second from POST to `sent`, how soon a single message reaches its provider, and memory; all in one run on
 * one machine. Only the ratios compare between machines. `--standalone` measures the shape without servers;
 * `--scheduling` how punctual 50 000 messages are that are due within one minute; `--backlog` how soon a login code is
 * sent while 200 000 messages of another client wait. `--quick` takes less of each.
 */
import { parseArgs } from "node:util";
import { measureBacklog } from "./backlog.ts";
import { formatReport } from "./report.ts";
import { measureScheduling } from "./scheduling.ts";
import { openBenchFolder, type Shape } from "./stack.ts";
import { measureThroughput } from "./throughput.ts";

const { values: wanted } = parseArgs({
  options: {
    standalone: { type: "boolean", default: false },
    scheduling: { type: "boolean", default: false },
    backlog: { type: "boolean", default: false },
    quick: { type: "boolean", default: false },
  },
});
const shape: Shape = wanted.standalone ? "standalone" : "docker";
const measure = wanted.scheduling ? measureScheduling : wanted.backlog ? measureBacklog : measureThroughput;

const folder = await openBenchFolder();
try {
  const report = await measure(folder, shape, wanted.quick);
  console.log(formatReport(`Shape ${shape}`, report));
  if (report.fault !== undefined) process.exitCode = 1;
} finally {
  await folder.remove();
}
