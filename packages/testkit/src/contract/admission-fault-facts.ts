import { type Admission, AdmissionUnavailableError } from "@sms-gateway/contracts";
import { beforeAll, beforeEach, expect, it } from "vitest";
import { BUSY_MACHINE_MS } from "../busy-machine.ts";
import { waitFor } from "../wait-for.ts";
import type { AdmissionHarness } from "./admission-harness.ts";
import { newClientId, newRequest, sentAgain, TODAY } from "./admission-requests.ts";
import type { FaultyNetwork } from "./faulty-network.ts";

/** Facts about answers that are lost and stores that are away. */
export function admissionFaultFacts(harness: () => AdmissionHarness): void {
  let admission: Admission;
  let faulty: Admission;
  let network: FaultyNetwork;
  beforeAll(async () => {
    admission = await harness().openGateway();
    const opened = await harness().openFaultyGateway();
    faulty = opened.admission;
    network = opened.network;
  });
  beforeEach(async () => {
    network.heal();
    await waitFor(async () => (await faulty.health()).ok, { what: "the gateway to be connected" });
  });
  const charged = (client: string) => harness().readQuota(client, TODAY);
  const eventually = (step: () => Promise<void>) =>
    waitFor(() => step().then(() => true), { what: "the step to be carried out" });

  it("rejects an admission whose answer is lost, and leaves nothing behind once it is released", async () => {
    const request = newRequest(newClientId(), "key", { count: 4 });
    network.loseNextAnswer();
    await expect(faulty.admit(request)).rejects.toBeInstanceOf(AdmissionUnavailableError);
    // It was carried out all the same, once: nothing is sent again by itself.
    expect(await charged(request.ref.clientId)).toBe(4);
    await eventually(() => faulty.release(request.ref));
    expect(await charged(request.ref.clientId)).toBe(0);
    expect(await admission.admit(sentAgain(request))).toMatchObject({ outcome: "admitted", takenOver: false });
  });

  it("releases once when the answer to the release is lost too", async () => {
    const client = newClientId();
    await admission.admit(newRequest(client, "other", { count: 4 }));
    const request = newRequest(client, "key", { count: 2 });
    await faulty.admit(request);
    network.loseNextAnswer();
    await expect(faulty.release(request.ref)).rejects.toBeInstanceOf(AdmissionUnavailableError);
    await eventually(() => faulty.release(request.ref));
    expect(await charged(client)).toBe(4);
  });

  it("reserves nothing when an admission arrives after its own release", async () => {
    const request = newRequest(newClientId(), "key", { count: 4 });
    const held = network.holdRequests();
    await expect(faulty.admit(request)).rejects.toBeInstanceOf(AdmissionUnavailableError);
    await eventually(() => faulty.release(request.ref));
    await held.deliver();
    expect(await charged(request.ref.clientId)).toBe(0);
    expect(await admission.admit(request)).toEqual({ outcome: "in_progress" });
    expect(await admission.admit(sentAgain(request))).toMatchObject({ outcome: "admitted", takenOver: false });
    expect(await charged(request.ref.clientId)).toBe(4);
  });

  it("rejects every step within 2 s while the store is away, says so, and recovers by itself", async () => {
    const request = newRequest(newClientId(), "key");
    await faulty.admit(request);
    network.cut();
    const startedAt = performance.now();
    await expect(faulty.admit(sentAgain(request))).rejects.toBeInstanceOf(AdmissionUnavailableError);
    for (const step of ["settle", "release", "abandon"] as const) {
      await expect(faulty[step](request.ref)).rejects.toBeInstanceOf(AdmissionUnavailableError);
    }
    expect(performance.now() - startedAt).toBeLessThan(2_000 + BUSY_MACHINE_MS);
    expect(await faulty.health()).toMatchObject({ ok: false, detail: expect.any(String) });
    network.heal();
    await eventually(() => faulty.settle(request.ref));
    expect(await faulty.health()).toEqual({ ok: true });
    expect(await faulty.admit(sentAgain(request))).toMatchObject({ outcome: "replay" });
  });
}
