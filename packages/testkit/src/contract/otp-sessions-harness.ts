import type { OtpSessions } from "@sms-gateway/contracts";
import type { FaultyNetwork } from "./faulty-network.ts";

/** What the contract suite of `OtpSessions` needs of an adapter. */
export interface OtpSessionsHarness {
  /**
   * A gateway with a connection of its own, ready for use. It keeps sessions for `keepMs` after they expired (default
   * 24 h): with 1 they are gone as soon as they have expired, so that no test waits for a day.
   */
  openGateway(options?: { readonly keepMs?: number }): Promise<OtpSessions>;
  /** The same through a network that can be disturbed. Its sessions give an answer up after about a second. */
  openFaultyGateway(): Promise<{ readonly sessions: OtpSessions; readonly network: FaultyNetwork }>;
  /** Closes every gateway and network. */
  close(): Promise<void>;
}
