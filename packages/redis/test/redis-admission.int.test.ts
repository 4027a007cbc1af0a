import {
  type AdmissionHarness,
  admissionContract,
  describeWith,
  openFaultyNetwork,
  testKeyPrefix,
} from "@sms-gateway/testkit";
import { openGateways } from "./open-gateways.ts";

describeWith("redis", "the admission on Redis", (url) => {
  admissionContract("redis", async (): Promise<AdmissionHarness> => {
    const keyPrefix = testKeyPrefix();
    const gateways = openGateways(url, keyPrefix);
    const { hostname, port } = new URL(url);
    const networks: { close(): Promise<void> }[] = [];
    return {
      openGateway: async (options) => (await gateways.open(options)).admission,
      openFaultyGateway: async () => {
        const network = await openFaultyNetwork({ host: hostname, port: Number(port || 6379) });
        networks.push(network);
        const through = new URL(url);
        through.host = `127.0.0.1:${network.port}`;
        const { admission } = await gateways.open({ url: through.href });
        return { admission, network };
      },
      readQuota: async (clientId, day) => Number(await gateways.raw.get(`${keyPrefix}{${clientId}}:quota:${day}`)),
      close: async () => {
        await gateways.close();
        await Promise.all(networks.map((network) => network.close()));
      },
    };
  });
});
