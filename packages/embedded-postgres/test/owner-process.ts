/** Opens the embedded Postgres of the folder in its argument, says so, and waits to be killed. */
import { openEmbeddedPostgres } from "@sms-gateway/embedded-postgres";

const { url, port } = await openEmbeddedPostgres({ dataDir: process.argv[2] ?? "" });
process.stdout.write(`${JSON.stringify({ url, port, pid: process.pid })}\n`);
setInterval(() => undefined, 60_000);
