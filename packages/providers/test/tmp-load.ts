import { createProviderAccount, labCredentials } from "@sms-gateway/providers";
const url = process.argv[2]!;
const account = createProviderAccount({ adapter: "twilio", credentials: labCredentials("twilio", "token-of-the-bench"), baseUrl: `${url}/twilio`, sender: "+15005550006" });
const signal = new AbortController().signal;
const submit = (i: number) => account.submit({ messageId: `m${i}`, attemptNumber: 1, to: "+15005550012", from: null, text: "Hello, your code is 123456", messageType: "text", udh: null, encoding: "gsm7", segments: 1, validitySeconds: 3600, callbackUrl: `http://127.0.0.1:9/webhooks/twilio/status?a=lab&m=${i}&n=1&h=0123456789abcdef0123456789abcdef` }, { timeoutMs: 10000, signal });
const t0 = performance.now(); await submit(0); console.log("first submit ms", Math.round(performance.now() - t0));
for (const [label, total] of [["warm", 3000], ["run", 20000], ["run", 20000]] as const) {
  let next = 0; const outcomes: Record<string, number> = {}; const lat: number[] = [];
  const cpu = process.cpuUsage(); const start = performance.now();
  await Promise.all(Array.from({ length: 64 }, async () => { while (next < total) { next += 1; const s = performance.now(); const r = await submit(next); lat.push(performance.now() - s); outcomes[r.outcome] = (outcomes[r.outcome] ?? 0) + 1; } }));
  const ms = performance.now() - start; const used = process.cpuUsage(cpu); lat.sort((a, b) => a - b);
  console.log(label, outcomes, `${Math.round(total / ms * 1000)}/s`, `${Math.round((used.user + used.system) / total)} us CPU`, "p50", lat[total >> 1]!.toFixed(1), "p99", lat[Math.floor(total * .99)]!.toFixed(1));
}
console.log("rss MB", Math.round(process.memoryUsage().rss / 1e6));
await account.stop?.();
