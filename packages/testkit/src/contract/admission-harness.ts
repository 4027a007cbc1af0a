import type { Admission } from "@sms-gateway/contracts";
import type { FaultyNetwork } from "./faulty-network.ts";

/** What the contract suite of `Admission` needs of an adapter. */
export interface AdmissionHarness {
  /**
   * A gateway with a connection of its own, ready for use. It takes over pending reservations of `takeOverAfterMs`
   * (default 30 s): with 0 it sees every reservation as one that has been left behind, so that no test waits for age.
   */
  openGateway(options?: { readonly takeOverAfterMs?: number }): Promise<Admission>;
  /** The same through a network that can be disturbed. Its admission gives an answer up after about a second. */
  openFaultyGateway(): Promise<{ readonly admission: Admission; readonly network: FaultyNetwork }>;
  /** Messages charged to that client on that day; 0 when there is no counter. */
  readQuota(clientId: string, day: string): Promise<number>;
  /** Closes every gateway and network. */
  close(): Promise<void>;
}
