import type { AdmissionLimits, DirectoryClient } from "@sms-gateway/contracts";
import type { GatewaySettings } from "../config.ts";

/** The client's own limits, or the gateway's defaults where it has none (`null`). */
export function chooseLimits(client: DirectoryClient, settings: GatewaySettings): AdmissionLimits {
  return {
    perSecond: client.rate_per_second ?? settings.RATE_LIMIT_PER_SECOND,
    perMinute: client.rate_per_minute ?? settings.RATE_LIMIT_PER_MINUTE,
    perHour: client.rate_per_hour ?? settings.RATE_LIMIT_PER_HOUR,
    dailyQuota: client.daily_quota ?? settings.DEFAULT_DAILY_QUOTA,
  };
}
