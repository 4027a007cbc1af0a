import { type Service, waitFor } from "@sms-gateway/testkit";
import { afterAll, expect, test } from "vitest";
import { expectBalanced, openAdminApi } from "./harness/admin-api.ts";
import { openBalancer } from "./harness/balancer.ts";
import { describeWithProduct } from "./harness/describe-with-product.ts";
import { startGoodClients } from "./harness/good-clients.ts";
import { countBy, expectDeliveredOnce } from "./harness/judge.ts";

const PER_SECOND = 25;
/** Answers between two restarts: what was begun before one has met both sides of it. */
const ANSWERS_BETWEEN = 2 * PER_SECOND;

/** A report whose connection ends with a worker is not repeated by the carrier; it is asked for 45 s after the answer. */
const CHASED_WITHIN_MS = 120_000;

// Both workers behind one address, for the gateways' reads and for the carriers' reports.
const balancer = await openBalancer();
afterAll(() => balancer.close());

describeWithProduct(
  "two gateways and two workers",
  (product) => {
    test("restarted one after the other under load: no 5xx, nothing lost, every text arrives once", async () => {
      const [gateway, worker] = [await product().startGateway({}), await product().startWorker({})];
      const { urls, services } = product();
      const admin = await openAdminApi(product());
      balancer.setTargets([urls.worker, worker.url]);
      const clients = startGoodClients(product(), { gateways: [urls.gateway, gateway.url], perSecond: PER_SECOND });
      for (const service of [services.gateway, gateway.service, services.worker, worker.service]) {
        await waitForMore(clients.countAnswers);
        await restart(service);
      }
      await waitForMore(clients.countAnswers);
      const { sent, answers } = await clients.stop();
      expect(countBy(answers.filter(({ status }) => status >= 500).map(({ text }) => text))).toEqual({});
      expect(countBy(sent.map(({ answer }) => `${answer.status}`))).toEqual({ 202: sent.length });
      expect(sent.length).toBeGreaterThan(8 * PER_SECOND);
      await expectDeliveredOnce(product(), sent, { timeoutMs: CHASED_WITHIN_MS });
      // All that the gateways say they have published was recorded, and nothing twice.
      await expectBalanced(admin, { recorded: sent.length, aliases: 0, dead_letters: 0 });
    });
  },
  { settings: { gateway: { WORKER_URL: balancer.url }, worker: { PUBLIC_URL: balancer.url } } },
);

async function restart(service: Service): Promise<void> {
  expect(await service.stop()).toMatchObject({ exitCode: 0, signal: null });
  await service.start();
}

async function waitForMore(count: () => number): Promise<void> {
  const before = count();
  await waitFor(() => count() >= before + ANSWERS_BETWEEN, { what: "the clients to go on" });
}
