import { isIP } from "node:net";
import { PROVIDER_NAMES } from "@sms-gateway/contracts";
import { SettingsError, usesDefaultSecrets } from "@sms-gateway/runtime";
import { type WorkerSettings, workerSettings } from "../config.ts";
import type { ProviderAccounts } from "./provider-accounts.ts";

/** The password of every server in docker-compose.yml while none is set. */
const PUBLISHED_PASSWORD = "development-only";
const SERVER_URLS = ["RABBITMQ_URL", "REDIS_URL", "DATABASE_URL"] as const;

/**
 * Refuses real providers together with secrets that are published with the source (architecture.md section 6): with
 * those anyone could forge ids, callbacks and the gateway's signature, or log in to the servers. And together with a
 * PUBLIC_URL that no provider can reach: no delivery report would ever come.
 *
 * @throws SettingsError naming every such setting.
 */
export function checkRealProviders(settings: WorkerSettings, accounts: ProviderAccounts): void {
  const real = PROVIDER_NAMES.filter((provider) => accounts.find(provider, "live") !== undefined);
  if (real.length === 0) return;
  const because = `but real credentials are set for ${real.join(", ")}`;
  const secrets = usesDefaultSecrets(workerSettings, settings)
    .filter((name) => name !== "LAB_TOKEN" || settings.LAB)
    .map((name) => ({ name, problem: `still has its published default, ${because}: set it to a random value` }));
  const passwords = SERVER_URLS.filter((name) => hasPublishedPassword(settings[name])).map((name) => ({
    name,
    problem: `still carries the published password of docker-compose.yml, ${because}: set one of your own`,
  }));
  const addresses = isPublicAddress(settings.PUBLIC_URL)
    ? []
    : [{ name: "PUBLIC_URL", problem: `is no address that providers can reach, ${because}: reports would never come` }];
  const problems = [...secrets, ...passwords, ...addresses];
  if (problems.length > 0) throw new SettingsError(problems);
}

function hasPublishedPassword(url: string): boolean {
  return URL.canParse(url) && decodeURIComponent(new URL(url).password) === PUBLISHED_PASSWORD;
}

/** Whether the host may be reached from outside: no `localhost`, no name without a dot, no address of a private network. */
function isPublicAddress(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const host = new URL(url).hostname.replace(/^\[|\]$/g, "").replace(/\.$/, "");
  const version = isIP(host);
  if (version === 4) return !isPrivateIpv4(host);
  if (version === 6) return !isPrivateIpv6(host);
  return host.includes(".") && !/\.(localhost|local|internal|lan|home\.arpa)$/i.test(host);
}

// https://www.iana.org/assignments/iana-ipv4-special-registry
const PRIVATE_IPV4 = /^(0|10|127|169\.254|172\.(1[6-9]|2\d|3[01])|192\.168|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7]))\./;

function isPrivateIpv4(host: string): boolean {
  return PRIVATE_IPV4.test(host);
}

/** Unspecified, loopback, link-local, unique local, and IPv4 addresses in IPv6 form, which nobody publishes. */
function isPrivateIpv6(host: string): boolean {
  return /^(::|fe[89ab]|f[cd])/i.test(host);
}
