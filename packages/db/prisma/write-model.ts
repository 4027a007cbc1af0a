import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { createInterface } from "node:readline";

/**
 * A Prisma generator that keeps the whole model (DMMF) as JSON. The generated client holds only what it needs to run,
 * without column types and nullability, which the test against the database compares. Protocol of Prisma's generators:
 * JSON-RPC, one line each, requests on stdin and answers on stderr.
 */
const lines = createInterface({ input: process.stdin });
for await (const line of lines) {
  const request = JSON.parse(line);
  if (request.method === "getManifest") {
    answer(request.id, { manifest: { prettyName: "Model", defaultOutput: "../src/generated/model.json" } });
  } else if (request.method === "generate") {
    const path: string = request.params.generator.output.value;
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, `${JSON.stringify(request.params.dmmf.datamodel, null, 2)}\n`);
    answer(request.id, null);
  }
}

function answer(id: number, result: unknown): void {
  process.stderr.write(`${JSON.stringify({ jsonrpc: "2.0", id, result })}\n`);
}
