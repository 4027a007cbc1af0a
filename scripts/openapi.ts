/**
 * Writes docs/swagger.yaml, which is what the gateway serves at /docs/yaml: its own routes and those that it forwards.
 * With `--check` writes nothing and exits with 1 when the file is not what the routes say.
 * Usage: `npx tsx --conditions=@sms-gateway/source scripts/openapi.ts [--check]`
 */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Admission, Directory, MessageQueue } from "@sms-gateway/contracts";
import { buildGateway, gatewaySettings } from "@sms-gateway/gateway";
import { createLogger, createMetrics, loadSettings } from "@sms-gateway/runtime";

const FILE = "docs/swagger.yaml";
const PATH = join(import.meta.dirname, "..", FILE);

const document = await readDocument();
if (!process.argv.includes("--check")) {
  await writeFile(PATH, document);
  console.log(`${FILE} is written`);
} else if ((await readIfThere(PATH)) !== document) {
  console.error(`${FILE} is not what the routes say: run scripts/openapi.ts and look at the change`);
  process.exitCode = 1;
}

async function readDocument(): Promise<string> {
  const { app } = await buildGateway({
    settings: loadSettings(gatewaySettings, {}),
    logger: createLogger({ service: "openapi", level: "error" }),
    metrics: createMetrics("openapi"),
    now: Date.now,
    store: "redis",
    ...inertAdapters(),
  });
  try {
    return (await app.inject("/docs/yaml")).body;
  } finally {
    await app.close();
  }
}

/** Adapters that reach nothing: the document depends on the routes alone. */
function inertAdapters(): { queue: MessageQueue; admission: Admission; directory: Directory } {
  const unused = () => Promise.reject(new Error("nothing is sent here"));
  const close = async () => undefined;
  return {
    queue: {
      publishAccepted: unused,
      publishReports: unused,
      consumeAccepted: unused,
      consumeReports: unused,
      consumeDead: unused,
      republish: unused,
      depths: unused,
      health: () => ({ ok: false }),
      close,
    },
    admission: { admit: unused, settle: unused, release: unused, abandon: unused, health: unused, close },
    directory: {
      loaded: () => false,
      version: () => 0,
      findKey: unused,
      client: () => undefined,
      providers: () => [],
      refresh: unused,
      health: () => ({ ok: false }),
      close,
    },
  };
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}
