import type { Socket } from "node:net";

/**
 * Requests that were taken and get no answer.
 *
 * held → gone: the sender ends the connection, the time is up, or the lab closes; the latter two end the connection
 * without a byte of answer.
 */
export interface SilentRequests {
  /** True while as many are held as the lab will; the dialect then refuses in its own way. */
  isFull(): boolean;
  /** Leaves the request that came in over this socket without an answer. */
  hold(socket: Socket): void;
  /** Ends all that are held, and from now on at once what would be. */
  close(): void;
}

export interface SilentRequestsOptions {
  timeoutMs: number;
  requestsMax: number;
}

export function createSilentRequests({ timeoutMs, requestsMax }: SilentRequestsOptions): SilentRequests {
  const held = new Set<Socket>();
  let closed = false;

  return {
    isFull: () => held.size >= requestsMax,
    hold(socket) {
      if (closed || socket.destroyed) {
        socket.destroy();
        return;
      }
      held.add(socket);
      const timer = setTimeout(() => socket.destroy(), timeoutMs);
      socket.once("close", () => {
        clearTimeout(timer);
        held.delete(socket);
      });
    },
    close() {
      closed = true;
      for (const socket of held) socket.destroy();
    },
  };
}
