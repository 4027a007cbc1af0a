import type { AccountBook } from "../../accounts/account-book.ts";
import type { CallbackPolicy, CallbackSender } from "../../delivery/callback-sender.ts";
import type { DeliveryEngine } from "../../delivery/delivery-engine.ts";
import type { InboxStore } from "../../inbox/inbox-store.ts";
import type { RecentMap } from "../../memory/recent-map.ts";
import type { ScenarioEngine } from "../../scenario/scenario-engine.ts";
import type { SilentRequests } from "../../silence/silent-requests.ts";
import type { TwilioMessage } from "./twilio-message.ts";

/** The parts of the lab that this dialect speaks for. */
export interface TwilioDialectDeps {
  accounts: AccountBook;
  scenarios: ScenarioEngine;
  deliveries: DeliveryEngine;
  callbacks: CallbackSender;
  callbackPolicy: CallbackPolicy;
  inbox: InboxStore;
  silentRequests: SilentRequests;
  /** Messages of all accounts by sid. */
  messages: RecentMap<TwilioMessage>;
}
