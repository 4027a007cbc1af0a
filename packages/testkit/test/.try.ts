import { startRabbitmqInDocker, startRabbitmq, startPostgresInDocker, startRedisInDocker } from "@sms-gateway/testkit";
const t = async (n: string, f: () => Promise<any>) => { const s = performance.now(); try { return await f(); } catch (e) { console.log(String(e)) } finally { console.log(n, ((performance.now() - s) / 1000).toFixed(2)); } };
for (const [n, f] of Object.entries({ redis: startRedisInDocker, postgres: startPostgresInDocker, rabbitmq: startRabbitmqInDocker })) {
const s = await t(n + " start", () => f({ dataDir: `/tmp/tk/rq-${process.pid}`, durable: false }));
await t("stop", () => s.stop()); await t("start", () => s.start()); await t("kill", () => s.kill());await t("start", () => s.start()); await t("remove", () => s.remove());
}
