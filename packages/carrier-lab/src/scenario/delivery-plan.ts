/** What the network knows about an accepted message; the words are neutral, each dialect has its own for them. */
export type NetworkState = "sent" | "delivered" | "undelivered";

/** One thing that happens to an accepted message. */
export interface DeliveryStep {
  /** When, counted from acceptance, in multiples of the lab's delivery delay. */
  afterDelays: number;
  state: NetworkState;
  /** From this step on the handset has the text. */
  reachesHandset: boolean;
  /** How many reports of this state the sender gets. */
  reports: 0 | 1 | 2;
}

/** Everything that happens to an accepted message, in the order in which it happens. */
export interface DeliveryPlan {
  steps: readonly DeliveryStep[];
  /** All steps happen, and their reports are answered, before the submit itself is. */
  beforeAnswer: boolean;
}
