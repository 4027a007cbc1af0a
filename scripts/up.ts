import { copyFileSync, existsSync, mkdirSync } from "node:fs";
import { resolve } from "node:path";
import { compose, hasDataVolume } from "./operate/docker.ts";
import { generateSecrets, readEnvFile, settingOf } from "./operate/env-file.ts";
import { chooseMode, rememberMode } from "./operate/mode.ts";

const ROOT = resolve(import.meta.dirname, "..");
const HEALTHY_WITHIN_S = 300;

const { mode, why } = chooseMode();
if (mode === "standalone") {
  console.error(`Nothing was started: ${why}, and the shape without Docker is not there yet.
Start a Docker Engine and run "make up" again, or run "make dev": the same processes from sources, in the foreground.`);
  process.exit(1);
}
console.log(`Starting with Docker Compose, since ${why}.`);
const oldData = hasDataVolume();
const made = await generateSecrets(ROOT, { serverPasswords: !oldData });
if (made.length > 0) console.log(`Made secrets in .env: ${made.join(", ")}.`);
if (oldData && readEnvFile(ROOT).POSTGRES_PASSWORD === undefined) {
  console.log(
    "The servers' data is older than .env: they keep the passwords they have (RABBITMQ_PASSWORD and the others).",
  );
}
rememberMode(mode);
provideCertificates();
compose("up", "--detach", "--build", "--wait", "--wait-timeout", String(HEALTHY_WITHIN_S));
await announce();

/** Image builds trust what this machine trusts: needed behind a proxy that inspects TLS. */
function provideCertificates(): void {
  const file = process.env.NODE_EXTRA_CA_CERTS;
  if (file === undefined || !existsSync(file)) return;
  mkdirSync(".data/build", { recursive: true });
  copyFileSync(file, ".data/build/ca-certificates.pem");
}

async function announce(): Promise<void> {
  const gateway = `http://localhost:${settingOf(ROOT, "GATEWAY_PORT", "8001")}`;
  const worker = `http://localhost:${settingOf(ROOT, "WORKER_PORT", "9000")}`;
  const lab = `http://localhost:${settingOf(ROOT, "LAB_PORT", "9100")}`;
  const key = settingOf(ROOT, "BOOTSTRAP_API_KEY", "b57410a7-ea73-4b3d-811f-daa0bb565500");
  for (const url of [gateway, worker]) {
    const answer = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(10_000) });
    if (answer.ok) continue;
    console.error(`${url}/readyz answers ${answer.status}: ${await answer.text()}`);
    process.exit(1);
  }
  console.log(`
Ready.
  Gateway       ${gateway}        send here; the API is described at ${gateway}/docs
  Worker        ${worker}        status and callbacks
  Carrier lab   ${lab}        the simulated carrier: ${lab}/lab/handsets/+12025550123 shows what arrived
  RabbitMQ      http://localhost:${settingOf(ROOT, "RABBITMQ_UI_PORT", "15672")}       user guest, password guest (look, don't touch)
  API key       ${key}   (a test key: it never reaches a real carrier)

Try:
  npx tsx send_sms.ts

  curl -s ${gateway}/api/v1/sms/send -H 'API-Key: ${key}' \\
    -H 'Content-Type: application/json' -d '{"to":"+12025550123","message":"Hello!"}'

make logs and make logs-b follow gateway and worker; make down stops everything and keeps the data.`);
}
