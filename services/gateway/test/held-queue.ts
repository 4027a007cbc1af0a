import type { MessageQueue } from "@sms-gateway/contracts";
import type { GatewayDeps } from "../src/index.ts";

/** A queue in front of the real one that lets publishes through only once it is opened: a gateway that has stalled. */
export function holdQueue() {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  let held = 0;
  return {
    open: () => open(),
    /** Publishes that have reached it. */
    held: () => held,
    wrap: ({ queue }: GatewayDeps): Partial<GatewayDeps> => {
      const publishAccepted: MessageQueue["publishAccepted"] = async (lane, envelopes) => {
        held += 1;
        await opened;
        return queue.publishAccepted(lane, envelopes);
      };
      return { queue: { ...queue, health: () => queue.health(), publishAccepted } };
    },
  };
}
