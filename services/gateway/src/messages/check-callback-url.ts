import { BlockList, isIP } from "node:net";

/** What is not the public internet: IANA's special-purpose address registries, multicast and what embeds an IPv4 address. */
const NOT_PUBLIC = {
  ipv4: [
    ["0.0.0.0", 8],
    ["10.0.0.0", 8],
    ["100.64.0.0", 10],
    ["127.0.0.0", 8],
    ["169.254.0.0", 16],
    ["172.16.0.0", 12],
    ["192.0.0.0", 24],
    ["192.0.2.0", 24],
    ["192.88.99.0", 24],
    ["192.168.0.0", 16],
    ["198.18.0.0", 15],
    ["198.51.100.0", 24],
    ["203.0.113.0", 24],
    ["224.0.0.0", 3],
  ],
  ipv6: [
    ["::", 96],
    ["64:ff9b::", 96],
    ["64:ff9b:1::", 48],
    ["100::", 64],
    ["2001::", 23],
    ["2001:db8::", 32],
    ["2002::", 16],
    ["3fff::", 20],
    ["5f00::", 16],
    ["fc00::", 7],
    ["fe80::", 9],
    ["ff00::", 8],
  ],
} as const;

const blocked = buildBlockList();

/**
 * Checks a callback address by its form: https and public; http and private hosts only for those in
 * `WEBHOOK_ALLOWED_PRIVATE_HOSTS`. What the name resolves to is checked when it is called, on the address then used.
 * Returns the problem, or undefined.
 */
export function checkCallbackUrl(written: string, allowedPrivateHosts: readonly string[]): string | undefined {
  if (/[^!-~\u00a1-\uffff]/.test(written)) return "must not hold spaces or control characters";
  if (!URL.canParse(written)) return "must be a complete https address";
  const url = new URL(written);
  const host = url.hostname.replace(/^\[|\]$|\.$/g, "").toLowerCase();
  if (url.protocol !== "https:" && url.protocol !== "http:") return "must begin with https://";
  if (url.username !== "" || url.password !== "") return "must not hold a user name or password";
  if (allowedPrivateHosts.some((allowed) => allowed.toLowerCase() === host)) return undefined;
  if (url.protocol !== "https:") return "must begin with https://";
  return isPrivateHost(host) ? "must be a public address" : undefined;
}

function isPrivateHost(host: string): boolean {
  const family = isIP(host);
  // IPv4-mapped addresses (::ffff:127.0.0.1) are checked by the rules for IPv4.
  if (family !== 0) return blocked.check(host, family === 6 ? "ipv6" : "ipv4");
  return !host.includes(".") || /(^|\.)(localhost|local|internal|home\.arpa)$/.test(host);
}

function buildBlockList(): BlockList {
  const list = new BlockList();
  for (const family of ["ipv4", "ipv6"] as const) {
    for (const [address, prefix] of NOT_PUBLIC[family]) list.addSubnet(address, prefix, family);
  }
  return list;
}
