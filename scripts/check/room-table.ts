/** Name of the scope of our own packages. */
export const OUR_SCOPE = "@sms-gateway/";

/** What a workspace folder may import of ours in code that ships. Tests may import every package. */
export interface Room {
  /** Package names without scope. */
  readonly may: readonly string[];
  /** Never ships: free to use any package, and the fenced libraries, to prove or drive the product. */
  readonly workshop?: boolean;
}

/**
 * Who may import whom (architecture.md section 3). The gateway has neither `db` nor `providers`: it never touches
 * Postgres and never calls a carrier. The carrier lab imports nothing of ours, so that it cannot share our mistakes.
 */
export const ROOMS: Readonly<Record<string, Room>> = {
  "packages/sms": { may: [] },
  "packages/contracts": { may: ["sms"] },
  "packages/runtime": { may: [] },
  "packages/waiting": { may: [] },
  "packages/http": { may: ["contracts"] },
  "packages/amqp": { may: ["contracts", "sms", "waiting"] },
  "packages/redis": { may: ["contracts", "sms", "waiting"] },
  "packages/db": { may: ["contracts", "sms", "waiting"] },
  "packages/providers": { may: ["contracts", "sms"] },
  "packages/carrier-lab": { may: [] },
  "packages/client": { may: ["contracts"] },
  "packages/embedded-postgres": { may: [] },
  "packages/testkit": { may: ["contracts", "embedded-postgres", "sms"], workshop: true },
  "services/gateway": { may: ["amqp", "contracts", "http", "redis", "runtime", "sms"] },
  "services/worker": { may: ["amqp", "contracts", "db", "http", "providers", "redis", "runtime", "sms"] },
  "services/carrier-lab": { may: ["carrier-lab", "contracts", "runtime"] },
  "services/standalone": {
    may: ["contracts", "db", "embedded-postgres", "gateway", "providers", "runtime", "sms", "worker"],
  },
  "services/console": { may: ["client", "contracts"] },
  e2e: { may: ["carrier-lab", "client", "contracts", "sms", "testkit"], workshop: true },
  bench: {
    may: ["amqp", "carrier-lab", "client", "contracts", "db", "embedded-postgres", "redis", "sms", "testkit"],
    workshop: true,
  },
  chaos: { may: ["client", "contracts", "embedded-postgres", "testkit"], workshop: true },
  scripts: {
    may: [
      "amqp",
      "carrier-lab",
      "client",
      "contracts",
      "db",
      "embedded-postgres",
      "gateway",
      "providers",
      "redis",
      "runtime",
      "sms",
      "testkit",
      "worker",
    ],
    workshop: true,
  },
  // `send_sms.ts` and the configuration of the tools.
  "": { may: ["client", "contracts"] },
};

/** Packages that are services; only the standalone wiring and the workshop's scripts may name one. */
export const SERVICE_NAMES: readonly string[] = ["gateway", "worker", "carrier-lab-service", "standalone", "console"];

/** Private to tests and to the workshop; nothing that ships may know it. */
export const TEST_ONLY_NAMES: readonly string[] = ["testkit"];

/** Libraries that one package alone may know. The workshop may use them too. */
export const FENCED_LIBRARIES: readonly { readonly matches: RegExp; readonly owner: string }[] = [
  { matches: /^(@prisma\/.+|prisma|pg|pg-.+|@types\/pg)$/, owner: "packages/db" },
  { matches: /^(amqplib|@types\/amqplib)$/, owner: "packages/amqp" },
  { matches: /^ioredis$/, owner: "packages/redis" },
  { matches: /^(@embedded-postgres\/.+|embedded-postgres)$/, owner: "packages/embedded-postgres" },
  { matches: /^(twilio|plivo|@vonage\/.+|@aws-sdk\/.+)$/, owner: "packages/providers" },
];
