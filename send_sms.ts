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

const response = await fetch(`${GATEWAY_URL}/api/v1/sms/send`, {
  method: "POST",
  // With the same Idempotency-Key this request may be repeated as often as you like: the message is sent once.
  headers: { ...headers, "Idempotency-Key": crypto.randomUUID() },
  body: JSON.stringify({ to, message }),
  signal: AbortSignal.timeout(10_000),
});
const answer = await response.json();
console.log(`${response.status} ${JSON.stringify(answer, null, 2)}`);
if (!response.ok) process.exit(1);

const followUntil = Date.now() + FOLLOW_FOR_MS;
let shown = "";
while (!ENDS.includes(shown) && Date.now() < followUntil) {
  const read = await fetch(`${GATEWAY_URL}/api/v1/sms/${answer.tracking_id}`, { headers, signal: AbortSignal.timeout(10_000) });
  const { status, provider, error, message: problem } = await read.json();
  if (!read.ok) console.log(`${new Date().toISOString()}  ${read.status} ${problem}`);
  else if (status !== shown) {
    console.log(`${new Date().toISOString()}  ${status}${provider ? ` by ${provider}` : ""}${error ? `: ${error.code} ${error.message}` : ""}`);
    shown = status;
  }
  await new Promise((resolve) => setTimeout(resolve, 100));
}
process.exit(shown === "delivered" ? 0 : 1);
