/** A run that starts Redis in a run folder below its argument, says where, and waits to be killed. */
import { join } from "node:path";
import { openRunFolder, startRedis } from "@sms-gateway/testkit";

const folder = await openRunFolder(process.argv[2] ?? "");
await startRedis({ dataDir: join(folder.path, "redis") });
process.stdout.write(`${folder.path}\n`);
setInterval(() => undefined, 60_000);
