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
  const lab = `http://localhost:${portOf(environment, "LAB_PORT")}`;
  const key = keyOf(environment);
  const table = [
    ["Gateway", `${gateway}   send here; the API is described at ${gateway}/docs`],
    ["Worker", `http://localhost:${portOf(environment, "WORKER_PORT")}   status and callbacks`],
    isLabWanted(environment)
      ? ["Carrier lab", `${lab}   the simulated carrier: ${lab}/lab/handsets/+12025550123 shows what arrived`]
      : ["Carrier lab", "off (LAB=false)"],
    ...rows,
    ["API key", `${key}   (a test key: it never reaches a real carrier)`],
  ] as const;
  console.log(`
${title}
${table.map(([name, text]) => `  ${name.padEnd(13)} ${text}`).join("\n")}

Try:
  ${writeTryCommand(environment)}

  curl -s ${gateway}/api/v1/sms/send -H 'API-Key: ${key}' \\
    -H 'Content-Type: application/json' -d '{"to":"+12025550123","message":"Hello!"}'

With -H 'Idempotency-Key: <your own id>' a request may be repeated: it is sent once.
make logs and make logs-b follow gateway and worker; make down stops everything and keeps the data; make help lists the rest.`);
}

/** Sends one message and follows it, whatever the port and the key. */
export function writeTryCommand(environment: Environment): string {
  const [gateway, key] = [gatewayOf(environment), keyOf(environment)];
  return [
    ...(gateway === PUBLISHED_GATEWAY ? [] : [`GATEWAY_URL=${gateway}`]),
    ...(key === PUBLISHED_KEY ? [] : [`API_KEY=${key}`]),
    "npx tsx send_sms.ts",
  ].join(" ");
}

function gatewayOf(environment: Environment): string {
  return `http://localhost:${portOf(environment, "GATEWAY_PORT")}`;
}

function keyOf(environment: Environment): string {
  return environment.BOOTSTRAP_API_KEY || PUBLISHED_KEY;
}
