/**
 * Sends one message through the gateway and follows it to its end. Uses fetch only, so it runs anywhere:
 *
 *     npx tsx send_sms.ts [number] [text]
 */
const GATEWAY_URL = process.env.GATEWAY_URL ?? "http://localhost:8001";
const API_KEY = process.env.API_KEY ?? "b57410a7-ea73-4b3d-811f-daa0bb565500";
const [to = "+12025550123", message = "Hello! This is a test message."] = process.argv.slice(2);

const ENDS = ["delivered", "undelivered", "failed", "expired", "canceled", "rejected", "unknown"];
const FOLLOW_FOR_MS = 60_000;
const headers = { "API-Key": API_KEY, "Content-Type": "application/json" };

const answer = await readJson("/api/v1/sms/send", {
  method: "POST",
  // With the same Idempotency-Key this request may be repeated as often as you like: the message is sent once.
  headers: { ...headers, "Idempotency-Key": crypto.randomUUID() },
  body: JSON.stringify({ to, message }),
});
console.log(`${answer.status} ${JSON.stringify(answer.body, null, 2)}`);
if (!answer.ok) process.exit(1);

const followUntil = Date.now() + FOLLOW_FOR_MS;
let shown = "";
while (!ENDS.includes(shown) && Date.now() < followUntil) {
  const { ok, status, body } = await readJson(`/api/v1/sms/${answer.body.tracking_id}`, { headers });
  const now = ok ? `${body.status}` : `${status} ${body.message}`;
  if (now !== shown) {
    const by = body.provider ? ` by ${body.provider}` : "";
    const why = body.error ? `: ${body.error.code} ${body.error.message}` : "";
    console.log(`${new Date().toISOString()}  ${now}${by}${why}`);
  }
  shown = now;
  await new Promise((resolve) => setTimeout(resolve, 100));
}
process.exitCode = shown === "delivered" ? 0 : 1;

interface Body {
  tracking_id?: string;
  status?: string;
  message?: string;
  provider?: string | null;
  error?: { code: string; message: string } | null;
}

async function readJson(path: string, init: RequestInit): Promise<{ ok: boolean; status: number; body: Body }> {
  try {
    const response = await fetch(GATEWAY_URL + path, { ...init, signal: AbortSignal.timeout(10_000) });
    return { ok: response.ok, status: response.status, body: (await response.json()) as Body };
  } catch (error) {
    // Not reached, silent for too long, or something else that does not answer in JSON.
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : "";
    const why = cause || (error instanceof Error ? error.message : String(error));
    console.error(`No gateway at ${GATEWAY_URL} (${why}): make up; GATEWAY_URL=… for another port`);
    process.exit(1);
  }
}

export {};
