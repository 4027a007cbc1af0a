import { PROVIDER_NAMES } from "@sms-gateway/contracts";
import { BUSY_MACHINE_MS, waitFor } from "@sms-gateway/testkit";
import { expect, test } from "vitest";
import { describeWithProduct } from "./harness/describe-with-product.ts";
import { type Answer, textOf } from "./harness/http-calls.ts";
import { mapInTurns } from "./harness/in-turns.ts";
import type { Product } from "./harness/product.ts";
import { createTenant, type Tenant } from "./harness/tenants.ts";

/**
 * Of one client, in requests as large as they may be, through a provider that takes so many segments a second: more than
 * two minutes of backlog, however fast the machine. The figures with 200 000 are those of `make bench ARGS='--backlog'`.
 */
const CAMPAIGN = 20_000;
const PER_SECOND = 150;
const RECIPIENTS = 1_000;
const RECORDED_WITHIN_MS = 180_000;
const CODES = 20;
/** From the acceptance to the provider's answer. */
const CODE_SENT_WITHIN_MS = 1_000 + BUSY_MACHINE_MS;
/** Of another client in the campaign's own lane, where each client has its turn. */
const NEIGHBOURS = 5;
const NEIGHBOUR_SENT_WITHIN_MS = 5_000 + BUSY_MACHINE_MS;

describeWithProduct("while 20 000 promotional messages of one client wait", (product) => {
  test("login codes of another pass them, and another's few are not starved", async () => {
    for (const name of PROVIDER_NAMES) {
      await product().admin("provider", "limits", name, "--per-second", `${PER_SECOND}`);
    }
    const campaigner = await createTenant(product());
    const last = await startCampaign(product(), campaigner);
    const codesMs = await sendInTurn(product(), CODES, "otp");
    const neighboursMs = await sendInTurn(product(), NEIGHBOURS, "promotional");
    // Else there was no backlog, and all this would prove nothing.
    expect(await readStatus(product(), campaigner, last)).toBe("queued");
    expect(Math.max(...codesMs), codesMs.join(" ")).toBeLessThan(CODE_SENT_WITHIN_MS);
    expect(Math.max(...neighboursMs), neighboursMs.join(" ")).toBeLessThan(NEIGHBOUR_SENT_WITHIN_MS);
  });
});

/** Sends the campaign; resolves with the id of its last message when that is recorded. */
async function startCampaign(product: Product, { apiKey }: Tenant): Promise<string> {
  const requests = Array.from({ length: CAMPAIGN / RECIPIENTS }, () => ({
    to: Array.from({ length: RECIPIENTS }, () => product.traces.newNumber()),
    message: product.traces.newText(),
    sms_type: "promotional",
    ttl_seconds: 86_400,
  }));
  const answers = await mapInTurns(requests, 4, (body) => product.send(body, { apiKey }));
  expect(answers.filter(({ status }) => status !== 202)).toEqual([]);
  const last = answers.map(lastIdOf).toSorted().at(-1) ?? "";
  await waitFor(async () => (await readStatus(product, { apiKey }, last)) === "queued", {
    what: "the campaign to be recorded",
    timeoutMs: RECORDED_WITHIN_MS,
    intervalMs: 250,
  });
  return last;
}

function lastIdOf({ body: { message_ids: ids } }: Answer): string {
  return Array.isArray(ids) ? String(ids.at(-1)) : "";
}

async function readStatus(product: Product, { apiKey }: Pick<Tenant, "apiKey">, id: string): Promise<string> {
  return textOf(await product.get(`/api/v1/sms/${id}`, apiKey), "status");
}

/** Sends one after the other; how long each took from its acceptance to its provider's answer, in ms. */
async function sendInTurn(product: Product, count: number, smsType: "otp" | "promotional"): Promise<number[]> {
  const tookMs: number[] = [];
  for (let sent = 0; sent < count; sent += 1) {
    const { tracking_id: id } = await product.client.send({
      to: product.traces.newNumber(),
      message: product.traces.newText(),
      sms_type: smsType,
    });
    const { created_at: from, sent_at: to } = await product.client.waitForFinal(id, { timeoutMs: 60_000 });
    tookMs.push(Date.parse(to ?? "") - Date.parse(from));
  }
  return tookMs;
}
