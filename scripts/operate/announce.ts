import { isLabWanted, portOf } from "./local-programs.ts";

/** What `send_sms.ts` uses unless it is told otherwise. */
const PUBLISHED_GATEWAY = "http://localhost:8001";
const PUBLISHED_KEY = "b57410a7-ea73-4b3d-811f-daa0bb565500";

type Environment = Readonly<Record<string, string | undefined>>;

/** Prints where everything is, the key, what to try and where to look next. */
export function announce(
  environment: Environment,
  { title, rows }: { title: string; rows: readonly (readonly [string, string])[] },
): void {
  const gateway = gatewayOf(environment);
  const table = [
    ["Gateway", `${gateway}   send here; the API is described at ${gateway}/docs`],
    ["Worker", `http://localhost:${portOf(environment, "WORKER_PORT")}   status and callbacks`],
    ["Carrier lab", describeLab(environment)],
    ...rows,
    ...(isLabWanted(environment)
      ? [["API key", `${keyOf(environment)}   (a test key: it never reaches a real carrier)`] as const]
      : []),
  ];
  console.log(`
${title}
${table.map(([name, text]) => `  ${name.padEnd(13)} ${text}`).join("\n")}

${describeSending(environment)}

With -H 'Idempotency-Key: <your own id>' a request may be repeated: it is sent once.
make logs and make logs-b follow gateway and worker; make down stops everything and keeps the data; make help lists the rest.`);
}

/** How to send: what can be tried at once, or, where no carrier is simulated, what that takes. */
export function describeSending(environment: Environment): string {
  if (!isLabWanted(environment)) {
    return `Without the carrier lab the test key sends nothing (503). To send for real:
  1. credentials of a provider in .env (docs/configuration.md names them), then make down && make up
  2. a client and a live key of its own: make admin ARGS='client create <name>', then
     make admin ARGS='key create <client id> --kind live'
  3. API_KEY=<that key> ${writeTryCommand(environment)} <number>`;
  }
  return `Try:
  ${writeTryCommand(environment)}

  curl -s ${gatewayOf(environment)}/api/v1/sms/send -H 'API-Key: ${keyOf(environment)}' \\
    -H 'Content-Type: application/json' -d '{"to":"+12025550123","message":"Hello!"}'`;
}

/** Sends one message and follows it, whatever the port and the key. */
export function writeTryCommand(environment: Environment): string {
  const [gateway, key] = [gatewayOf(environment), keyOf(environment)];
  return [
    ...(gateway === PUBLISHED_GATEWAY ? [] : [`GATEWAY_URL=${gateway}`]),
    ...(key === PUBLISHED_KEY || !isLabWanted(environment) ? [] : [`API_KEY=${key}`]),
    "npx tsx send_sms.ts",
  ].join(" ");
}

function describeLab(environment: Environment): string {
  if (!isLabWanted(environment)) return "off (LAB=false)";
  const lab = `http://localhost:${portOf(environment, "LAB_PORT")}`;
  return `${lab}   the simulated carrier: ${lab}/lab/handsets/+12025550123 shows what arrived`;
}

function gatewayOf(environment: Environment): string {
  return `http://localhost:${portOf(environment, "GATEWAY_PORT")}`;
}

function keyOf(environment: Environment): string {
  return environment.BOOTSTRAP_API_KEY || PUBLISHED_KEY;
}
