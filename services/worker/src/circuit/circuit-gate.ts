/*
 * Which messages a worker plans for a provider, by its circuit and by what it asked us to wait.
 *
 * closed: all. open, or held: none. half-open: a share of them by the circuit's step, evenly; and beyond that share one
 * message whenever the ticket is there, or an installation that has few messages would never find out that a provider works
 * again. The ticket of the single probes comes back with a probe's end, so that no queue forms behind a provider that may
 * not answer; the others' comes back every second. Asked for each message, not for each request.
 *
 * Spared messages (a code, a message whose call does not count) take neither share nor ticket: they do not pass until their
 * planner finds nobody else, and then as the others do. What is planned for later never asks that way: see `planProvider`.
 */
import type { ProviderName } from "@sms-gateway/contracts";
import { CIRCUIT_SHARES, type ProviderCircuit } from "@sms-gateway/db";

export interface CircuitGate {
  /** This is how a circuit stands now. */
  follow(circuit: ProviderCircuit): void;
  /** The provider wants us to wait; only ever extends. Says by how much, in ms. */
  hold(provider: ProviderName, forMs: number): number;
  /**
   * Whether the next message may be planned for it. Takes of its share when it may.
   *
   * @param isSpared not for one that is half-open, and nothing is taken.
   */
  passes(provider: ProviderName, isSpared?: boolean): boolean;
  /** How long the provider still wants us to wait, in ms. */
  heldMs(provider: ProviderName): number;
  circuit(provider: ProviderName): ProviderCircuit | undefined;
  /** A call of this epoch has ended. */
  probeEnded(provider: ProviderName, epoch: number): void;
}

/** Above the longest submit: the probe may be another worker's, whose end this one does not see. */
const PROBE_TICKET_MS = 15_000;
const TICKET_MS = 1_000;

interface Door {
  circuit: ProviderCircuit | undefined;
  heldUntilMs: number;
  /** What the share has added up to; a message takes 1. */
  credit: number;
  ticketAtMs: number;
}

/** @param now monotonic, in ms. */
export function createCircuitGate(now: () => number = () => performance.now()): CircuitGate {
  const doors = new Map<string, Door>();

  function doorOf(provider: string): Door {
    const known = doors.get(provider);
    if (known !== undefined) return known;
    const door: Door = { circuit: undefined, heldUntilMs: 0, credit: 0, ticketAtMs: 0 };
    doors.set(provider, door);
    return door;
  }

  function hold(provider: string, forMs: number): number {
    const door = doorOf(provider);
    const heldUntilMs = now() + forMs;
    const byMs = heldUntilMs - Math.max(door.heldUntilMs, now());
    door.heldUntilMs = Math.max(door.heldUntilMs, heldUntilMs);
    return Math.max(0, byMs);
  }

  function passes(provider: ProviderName, isSpared = false): boolean {
    const door = doorOf(provider);
    if (door.heldUntilMs > now() || door.circuit?.state === "open") return false;
    if (door.circuit?.state !== "half_open") return true;
    if (isSpared) return false;
    const { step } = door.circuit;
    door.credit += CIRCUIT_SHARES[step] ?? 0;
    if (door.credit >= 1) {
      door.credit -= 1;
      return true;
    }
    if (now() < door.ticketAtMs) return false;
    door.ticketAtMs = now() + (step === 0 ? PROBE_TICKET_MS : TICKET_MS);
    return true;
  }

  return {
    follow(circuit) {
      const door = doorOf(circuit.provider);
      if (door.circuit?.epoch !== circuit.epoch) Object.assign(door, { credit: 0, ticketAtMs: 0 });
      door.circuit = circuit;
      hold(circuit.provider, circuit.heldMs);
    },
    hold,
    passes,
    heldMs: (provider) => Math.max(0, doorOf(provider).heldUntilMs - now()),
    circuit: (provider) => doorOf(provider).circuit,
    probeEnded(provider, epoch) {
      const door = doorOf(provider);
      if (door.circuit?.epoch === epoch) door.ticketAtMs = 0;
    },
  };
}
