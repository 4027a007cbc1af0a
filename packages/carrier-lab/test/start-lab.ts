import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildCarrierLab, type CarrierLabOptions, labAccount } from "@sms-gateway/carrier-lab";
import { onTestFinished } from "vitest";

export const LAB_TOKEN = "token-of-the-tests";

export interface StartedLab {
  /** `http://127.0.0.1:<port>` */
  origin: string;
  inboxFile: string;
  close(): Promise<void>;
}

/** A listening lab that ends with the test; 40 ms from acceptance to delivery. */
export async function startLab(options: Partial<CarrierLabOptions> = {}): Promise<StartedLab> {
  const inboxFile = options.inboxFile ?? join(await createFolder(), "lab", "inbox.jsonl");
  const lab = await buildCarrierLab({ labToken: LAB_TOKEN, deliveryDelayMs: 40, ...options, inboxFile });
  onTestFinished(() => lab.close());
  const origin = await lab.listen({ host: "127.0.0.1", port: 0 });
  return { origin, inboxFile, close: async () => lab.close() };
}

async function createFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "carrier-lab-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

export interface Submission {
  provider?: string;
  authToken?: string;
  fields: Record<string, string>;
}

/** Posts a form as a provider's account does. */
export async function submit(origin: string, { provider = "twilio", authToken, fields }: Submission) {
  const account = labAccount(provider, LAB_TOKEN);
  const response = await fetch(`${origin}/twilio/2010-04-01/Accounts/${account.accountSid}/Messages.json`, {
    method: "POST",
    headers: { Authorization: basicAuth(account.accountSid, authToken ?? account.authToken) },
    body: new URLSearchParams(fields),
  });
  return { status: response.status, headers: response.headers, body: await readObject(response) };
}

/** Gets a path below an account's own, as that account. */
export async function getAs(origin: string, provider: string, path: string) {
  const account = labAccount(provider, LAB_TOKEN);
  const response = await fetch(`${origin}/twilio/2010-04-01/Accounts/${account.accountSid}/${path}`, {
    headers: { Authorization: basicAuth(account.accountSid, account.authToken) },
  });
  return { status: response.status, body: await readObject(response) };
}

export async function readHandset(origin: string, number: string): Promise<Record<string, unknown>[]> {
  const response = await fetch(`${origin}/lab/handsets/${number}`);
  const { messages } = await readObject(response);
  if (!Array.isArray(messages)) throw new Error("the answer holds no messages");
  return messages;
}

export async function readObject(response: Response): Promise<Record<string, unknown>> {
  const body: unknown = await response.json();
  if (typeof body !== "object" || body === null) throw new Error("the answer is not an object");
  return { ...body };
}

export function basicAuth(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
}
