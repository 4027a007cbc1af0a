import { createHmac } from "node:crypto";
import type { ProviderName } from "@sms-gateway/contracts";
import { labCredentials } from "@sms-gateway/providers";
import { createCallbackAddresses } from "../src/delivery/callback-address.ts";
import type { WorkerWorld } from "./worker-world.ts";

/** A delivery report as Twilio would post it for an attempt: address, headers and body. */
export interface SignedReport {
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly payload: string;
}

/** Signs a report as the lab's account of twilio. @param sid the provider's id of the message. */
export function signReport(
  world: Pick<WorkerWorld, "settings">,
  messageId: string,
  status: string,
  sid = "SM1",
): SignedReport {
  return signReportOf(world, { provider: "twilio", messageId }, status, sid);
}

/** The same for another provider, which is simulated through Twilio's dialect as well. */
export function signReportOf(
  world: Pick<WorkerWorld, "settings">,
  { provider, messageId }: { readonly provider: ProviderName; readonly messageId: string },
  status: string,
  sid = "SM1",
): SignedReport {
  const { PUBLIC_URL, INTERNAL_TOKEN } = world.settings;
  const addresses = createCallbackAddresses(PUBLIC_URL, INTERNAL_TOKEN);
  const address = addresses.make({ provider, account: "lab", messageId, attemptNumber: 1 });
  return signReportFor(world, address, status, { sid, provider });
}

/** The same for any address. */
export function signReportFor(
  world: Pick<WorkerWorld, "settings">,
  address: string,
  status: string,
  { sid = "SM1", provider = "twilio" }: { readonly sid?: string; readonly provider?: ProviderName } = {},
): SignedReport {
  const { PUBLIC_URL, LAB_TOKEN } = world.settings;
  const fields = { MessageSid: sid, MessageStatus: status };
  const signed = address + Object.entries(fields).flat().join("");
  const { authToken } = labCredentials(provider, LAB_TOKEN);
  return {
    url: address.slice(PUBLIC_URL.length),
    headers: {
      "content-type": "application/x-www-form-urlencoded",
      "x-twilio-signature": createHmac("sha1", authToken).update(signed).digest("base64"),
    },
    payload: new URLSearchParams(fields).toString(),
  };
}
