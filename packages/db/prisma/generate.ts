import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { generatorEnvironment } from "./generator-config.ts";

// Writes the generated client into src/generated, unless what is there was made from the same model by the same Prisma.

const LIMIT_MS = 120_000;
const here = dirname(fileURLToPath(import.meta.url));
const generated = join(here, "../src/generated");
const stampFile = join(generated, "stamp");
const manifest = createRequire(import.meta.url).resolve("prisma/package.json");
const inputs = [join(here, "schema.prisma"), join(here, "write-model.ts"), join(here, "generate.ts"), manifest];
const hash = createHash("sha256");
for (const file of inputs) hash.update(readFileSync(file)).update("\0");
const stamp = hash.digest("hex");

if (!existsSync(stampFile) || readFileSync(stampFile, "utf8") !== stamp) {
  rmSync(generated, { recursive: true, force: true });
  execFileSync(process.execPath, [join(dirname(manifest), "build/index.js"), "generate"], {
    cwd: join(here, ".."),
    stdio: ["ignore", "pipe", "inherit"],
    timeout: LIMIT_MS,
    env: generatorEnvironment(),
  });
  // Last, so that a broken run is not taken for a whole one.
  writeFileSync(stampFile, stamp);
}
