import { copyFileSync, existsSync, mkdirSync } from "node:fs";
import { announce } from "./announce.ts";
import { compose, hasDataVolume, listPortsInDocker } from "./docker.ts";
import { generateSecrets, readEnvFile, readServiceEnvironment, settingOf } from "./env-file.ts";
import { portOf } from "./local-programs.ts";
import { rememberMode } from "./mode.ts";
import { OperatorError } from "./operator-error.ts";
import { refuseTakenPorts, type WantedPort } from "./port-owner.ts";
import { listLiving } from "./run-record.ts";
import { readShell } from "./shell-config.ts";

/** Above the start periods of `docker-compose.yml`: its servers have 240 s, then gateway and worker 120 s. */
const HEALTHY_WITHIN_S = 420;

const PUBLISHED_PORTS = {
  GATEWAY_PORT: { host: "0.0.0.0", port: 8001 },
  WORKER_PORT: { host: "0.0.0.0", port: 9000 },
  LAB_PORT: { host: "127.0.0.1", port: 9100 },
  RABBITMQ_PORT: { host: "127.0.0.1", port: 5672 },
  RABBITMQ_UI_PORT: { host: "127.0.0.1", port: 15672 },
  REDIS_PORT: { host: "127.0.0.1", port: 6379 },
  POSTGRES_PORT: { host: "127.0.0.1", port: 5432 },
} as const;

/**
 * Builds the images and starts everything with Docker Compose, waits until it is healthy and says where it is.
 * @throws OperatorError
 */
export async function upDocker(
  root: string,
  { why, startedAtMs }: { why: string; startedAtMs: number },
): Promise<number> {
  console.log(`Starting with Docker Compose, since ${why}.`);
  if ((await listLiving(root)).length > 0) {
    throw new OperatorError(
      'It runs without Docker already. "make down" stops that (its data stays there); then run this again.',
    );
  }
  const ours = listPortsInDocker();
  if (ours !== undefined) console.log("Already running in Docker: what has changed is built and started anew.");
  await refuseTakenPorts(listPublishedPorts(root).filter(({ port }) => ours?.has(port) !== true));
  const oldData = hasDataVolume();
  const made = generateSecrets(root, { serverPasswords: !oldData });
  if (made.length > 0) console.log(`Made secrets in .env: ${made.join(", ")}.`);
  if (oldData && readEnvFile(root).POSTGRES_PASSWORD === undefined) {
    console.log(
      "The servers' data is older than .env: they keep the passwords they have (RABBITMQ_PASSWORD and the others).",
    );
  }
  rememberMode(root, "docker");
  provideCertificates();
  compose("up", "--detach", "--build", "--wait", "--wait-timeout", String(HEALTHY_WITHIN_S));
  const environment = readServiceEnvironment(root);
  for (const setting of ["GATEWAY_PORT", "WORKER_PORT"] as const) {
    await refuseUnready(`http://localhost:${portOf(environment, setting)}/readyz`);
  }
  const rabbitmq = `http://localhost:${settingOf(root, "RABBITMQ_UI_PORT", "15672")}`;
  const took = ((Date.now() - startedAtMs) / 1000).toFixed(0);
  announce(environment, {
    title: `Ready after ${took} s.`,
    rows: [
      ["RabbitMQ", `${rabbitmq}   user guest, password guest (look, don't touch)`],
      ["Data", "in volumes of Docker; make reset deletes them"],
    ],
  });
  return 0;
}

/** As `docker-compose.yml` publishes them. */
function listPublishedPorts(root: string): WantedPort[] {
  return Object.entries(PUBLISHED_PORTS).map(([setting, { host, port }]) => ({
    setting,
    host,
    port: Number(settingOf(root, setting, `${port}`)),
  }));
}

async function refuseUnready(url: string): Promise<void> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(10_000) });
  if (!answer.ok) throw new OperatorError(`${url} answers ${answer.status}: ${await answer.text()}`);
}

/** Image builds trust what this machine trusts: needed behind a proxy that inspects TLS. */
function provideCertificates(): void {
  const file = readShell("NODE_EXTRA_CA_CERTS");
  if (file === undefined || !existsSync(file)) return;
  mkdirSync(".data/build", { recursive: true });
  copyFileSync(file, ".data/build/ca-certificates.pem");
}
