import type { ProviderStateView } from "@sms-gateway/contracts";
import { openUnrulyCarriers, waitFor } from "@sms-gateway/testkit";
import { afterAll, expect, test } from "vitest";
import { type AdminApi, openAdminApi } from "./harness/admin-api.ts";
import { describeWithProduct } from "./harness/describe-with-product.ts";
import { textOf } from "./harness/http-calls.ts";
import { countBy, expectDeliveredOnce } from "./harness/judge.ts";
import { type SentRequest, sendText, startLoad } from "./harness/load.ts";
import type { Product } from "./harness/product.ts";
import { readMetric } from "./harness/read-metrics.ts";

const PROVIDER = "twilio";
/** More than it takes to open a circuit (20 calls in 30 s, half of them failed). */
const UNANSWERED = 30;
const OPENS_WITHIN_MS = 30_000;
/** Open for 30 to 36 s, then three probes, then ten calls at each of three steps. */
const RETURNS_WITHIN_MS = 150_000;
const PER_SECOND = 20;

const carriers = await openUnrulyCarriers();
afterAll(() => carriers.close());

describeWithProduct(
  "a provider that never answers",
  (product) => {
    test("is given up: its traffic goes to the next one at once, and returns in steps when it answers again", async () => {
      carriers.setLab(product().urls.lab);
      const admin = await openAdminApi(product());
      const accountSid = await findAccount(product());
      carriers.setMood("silent", accountSid);
      const codes = await sendMany(product(), UNANSWERED, { sms_type: "otp" });
      const open = await waitForCircuit(admin, "open", OPENS_WITHIN_MS);
      expect(open).toMatchObject({ reason: "failures", opens_again_at: expect.any(String) });
      expect(await readGauge(product())).toBe(1);

      const asked = carriers.countSubmits(accountSid);
      const others = await sendMany(product(), UNANSWERED, { sms_type: "transactional" });
      const waiting = await sendText(product(), { fields: { provider: PROVIDER } });
      expect(waiting.answer.status).toBe(202);
      await expectDeliveredOnce(product(), [...codes, ...others]);
      expect(await countAttempts(product(), others)).toEqual({ 1: UNANSWERED });
      expect(await readConsidered(product(), others[0])).toContainEqual({
        provider: PROVIDER,
        verdict: "circuit_open",
      });
      expect(carriers.countSubmits(accountSid)).toBe(asked);

      carriers.setMood("works", accountSid);
      const load = startLoad(product(), PER_SECOND);
      await waitForCircuit(admin, "closed", RETURNS_WITHIN_MS);
      const meanwhile = await load.stop();
      await expectDeliveredOnce(product(), [waiting, ...meanwhile]);
      expect(await readGauge(product())).toBe(0);
      expect((await readChanges(admin)).toReversed()).toEqual([
        "closed → open: failures",
        "open → half_open: time_is_over",
        "half_open → half_open: probes_succeeded",
        "half_open → half_open: step_succeeded",
        "half_open → half_open: step_succeeded",
        "half_open → closed: step_succeeded",
      ]);
    });
  },
  {
    settings: {
      gateway: { DEFAULT_PROVIDER: PROVIDER },
      worker: { DEFAULT_PROVIDER: PROVIDER, SUBMIT_TIMEOUT_MS: "3000", LAB_URL: carriers.url },
      lab: { LAB_DELIVERY_DELAY_MS: "300" },
    },
  },
);

/** The provider's account at the carriers: that which a message for it alone arrives at. */
async function findAccount(product: Product): Promise<string> {
  const { answer } = await sendText(product, { fields: { provider: PROVIDER } });
  expect(await product.client.waitForFinal(textOf(answer, "tracking_id"))).toMatchObject({ provider: PROVIDER });
  const account = carriers.lastAccount();
  if (account === undefined) throw new Error("no submit has come to the carriers");
  return account;
}

function sendMany(product: Product, count: number, fields: Readonly<Record<string, unknown>>): Promise<SentRequest[]> {
  return Promise.all(Array.from({ length: count }, () => sendText(product, { fields })));
}

async function waitForCircuit(
  admin: AdminApi,
  state: ProviderStateView["circuit"]["state"],
  timeoutMs: number,
): Promise<ProviderStateView["circuit"]> {
  return await waitFor(
    async () => {
      const { circuit } = await admin.readProvider(PROVIDER);
      return circuit.state === state ? circuit : undefined;
    },
    { what: `the circuit to be ${state}`, timeoutMs, intervalMs: 250 },
  );
}

/** The circuit's changes, the latest first. */
async function readChanges(admin: AdminApi): Promise<string[]> {
  const { body } = await admin.get(`providers/${PROVIDER}/changes`);
  if (!Array.isArray(body.items)) throw new Error("the changes cannot be read");
  return body.items.map(({ from, to, reason }) => `${from} → ${to}: ${reason}`);
}

async function readGauge({ urls }: Product): Promise<number | undefined> {
  const samples = await readMetric(urls.worker, "sms_provider_circuit");
  return samples.find(({ labels }) => labels.provider === PROVIDER)?.value;
}

async function countAttempts(product: Product, sent: readonly SentRequest[]): Promise<Record<string, number>> {
  const views = await Promise.all(sent.map(({ answer }) => product.client.getMessage(textOf(answer, "tracking_id"))));
  return countBy(views.map((view) => ("attempts" in view ? `${view.attempts.length}` : "not recorded")));
}

async function readConsidered(product: Product, sent: SentRequest | undefined): Promise<unknown[]> {
  if (sent === undefined) throw new Error("nothing was sent");
  const { body } = await product.get(`/api/v1/sms/${textOf(sent.answer, "tracking_id")}?trace=true`);
  return Array.isArray(body.trace) ? body.trace.flatMap(({ considered }) => considered) : [];
}
