/**
 * Opens the embedded Postgres of the folder in its argument, says so, and waits to be killed. With `starve` as a
 * second one it uses up all descriptors until its watch over the server fails. Events go to its error output.
 */
import { closeSync, openSync } from "node:fs";
import { hasCode, openEmbeddedPostgres } from "@sms-gateway/embedded-postgres";

const starved: number[] = [];
const { url, port } = await openEmbeddedPostgres({
  dataDir: process.argv[2] ?? "",
  onEvent: (event) => {
    process.stderr.write(`${JSON.stringify(event)}\n`);
    if (event.event === "watch_failed") {
      clearInterval(starving);
      for (const descriptor of starved.splice(0)) closeSync(descriptor);
    }
  },
});
const starving = process.argv[3] === "starve" ? setInterval(takeDescriptors, 5) : undefined;
process.stdout.write(`${JSON.stringify({ url, port, pid: process.pid })}\n`);
setInterval(() => undefined, 60_000);

function takeDescriptors(): void {
  try {
    for (;;) starved.push(openSync("/dev/null", "r"));
  } catch (error) {
    if (!hasCode(error, "EMFILE")) throw error;
  }
}
