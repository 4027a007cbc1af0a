import type { AdmissionLimits, DirectoryClient, DirectoryProvider } from "@sms-gateway/contracts";
import type { GatewaySettings } from "../config.ts";
import type { AuthenticatedCaller } from "../plugins/authenticate.ts";

/** The client's own limits, or the gateway's defaults where it has none (`null`). */
export function limitsOf(client: DirectoryClient, settings: GatewaySettings): AdmissionLimits {
  return {
    perSecond: client.rate_per_second ?? settings.RATE_LIMIT_PER_SECOND,
    perMinute: client.rate_per_minute ?? settings.RATE_LIMIT_PER_MINUTE,
    perHour: client.rate_per_hour ?? settings.RATE_LIMIT_PER_HOUR,
    dailyQuota: client.daily_quota ?? settings.DEFAULT_DAILY_QUOTA,
  };
}

/**
 * Whether a message goes to the simulated carrier: always with a test key, and as long as no provider has live
 * credentials (architecture.md section 7).
 */
export function isSimulated(
  caller: Pick<AuthenticatedCaller, "kind">,
  providers: readonly DirectoryProvider[],
): boolean {
  return caller.kind === "test" || !providers.some((provider) => provider.accounts.live);
}
