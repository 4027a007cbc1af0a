import { BlockList, isIP } from "node:net";

const PRIVATE = new BlockList();
for (const [address, prefix] of [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4],
] as const)
  PRIVATE.addSubnet(address, prefix, "ipv4");
for (const [address, prefix] of [
  ["::", 127],
  ["fc00::", 7],
  ["fe80::", 10],
  ["ff00::", 8],
  ["64:ff9b::", 96],
  ["2002::", 16],
] as const)
  PRIVATE.addSubnet(address, prefix, "ipv6");

/**
 * Checks a callback address by its form: https and public; http and private hosts only for those in
 * `WEBHOOK_ALLOWED_PRIVATE_HOSTS`. What the name resolves to is checked when it is called, on the address then used.
 * Returns the problem, or undefined.
 */
export function checkCallbackUrl(written: string, allowedPrivateHosts: readonly string[]): string | undefined {
  if (!URL.canParse(written)) return "must be a complete https address";
  const url = new URL(written);
  const host = url.hostname.replace(/^\[|\]$/g, "").toLowerCase();
  if (url.protocol !== "https:" && url.protocol !== "http:") return "must begin with https://";
  if (url.username !== "" || url.password !== "") return "must not hold a user name or password";
  if (allowedPrivateHosts.some((allowed) => allowed.toLowerCase() === host)) return undefined;
  if (url.protocol !== "https:") return "must begin with https://";
  return isPrivateHost(host) ? "must be a public address" : undefined;
}

function isPrivateHost(host: string): boolean {
  const family = isIP(host);
  if (family !== 0) return PRIVATE.check(host, family === 6 ? "ipv6" : "ipv4");
  return !host.includes(".") || /(^|\.)(localhost|local|internal|home\.arpa)\.?$/.test(host);
}
