import { buildCarrierLab } from "@sms-gateway/carrier-lab";
const lab = await buildCarrierLab({ labToken: "token-of-the-bench", inboxFile: `/tmp/prov-bench-${process.pid}.jsonl`, deliveryDelayMs: 1000 });
console.log(await lab.listen({ host: "127.0.0.1", port: 0 }));
