import { SHARED_SETTINGS } from "@sms-gateway/contracts";
import {
  type Environment,
  loadSettings,
  logFileSetting,
  SettingsError,
  usesDefaultSecrets,
} from "@sms-gateway/runtime";
import { type Static, Type } from "typebox";

/** Every setting of the carrier lab. Keys are the environment's names; read once, in `main.ts`. */
export const carrierLabSettings = Type.Object({
  LAB: Type.Boolean({ description: "Whether the carrier lab (the simulated carriers) is used at all.", default: true }),
  LAB_HOST: Type.String({
    description: "Address that the carrier lab listens on. Other than this machine's own it needs a LAB_TOKEN.",
    default: "127.0.0.1",
  }),
  LAB_PORT: Type.Integer({
    description: "Port that the carrier lab listens on.",
    minimum: 0,
    maximum: 65_535,
    default: 9100,
  }),
  // The worker reads it too, with the same meaning.
  LAB_TOKEN: Type.String({
    description: "Secret of the carrier lab, from which the credentials of every lab account follow.",
    secret: true,
    generate: "hex32",
    insecureDefault: true,
    minLength: 16,
    default: "lab-token-for-development-only",
  }),
  LAB_TRUST_NETWORK: Type.Boolean({
    description:
      "true: whoever reaches the carrier lab may read its inboxes without LAB_TOKEN, from other machines too.",
    default: false,
  }),
  LAB_INBOX_FILE: Type.String({
    description: "File (JSON lines) of everything that the carrier lab's handsets received.",
    minLength: 1,
    default: ".data/lab/inbox.jsonl",
  }),
  LAB_DELIVERY_DELAY_MS: Type.Integer({
    description:
      "From a carrier's acceptance of a message to its delivery; the seconds of docs/carrier-lab.md are multiples of it.",
    unit: "ms",
    minimum: 0,
    maximum: 3_600_000,
    default: 1000,
  }),
  LOG_LEVEL: SHARED_SETTINGS.LOG_LEVEL,
  LOG_FILE: logFileSetting,
});
export type CarrierLabSettings = Static<typeof carrierLabSettings>;

/**
 * Reads the settings. A lab that other machines reach must not have the published token, since its inboxes show texts.
 * @throws SettingsError that lists every bad setting
 */
export function loadCarrierLabSettings(env: Environment = process.env): CarrierLabSettings {
  const settings = loadSettings(carrierLabSettings, env);
  const isExposed = !isLoopback(settings.LAB_HOST) && !settings.LAB_TRUST_NETWORK;
  if (settings.LAB && isExposed && usesDefaultSecrets(carrierLabSettings, settings).includes("LAB_TOKEN")) {
    const problem = `must be set to a secret of your own while LAB_HOST is not this machine's own address`;
    throw new SettingsError([{ name: "LAB_TOKEN", problem }]);
  }
  return settings;
}

/** Where log lines go: needed before the settings are read, whose faults are logged. */
export function readLogFile(env: Environment = process.env): string | undefined {
  return env.LOG_FILE || undefined;
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\./.test(host);
}
