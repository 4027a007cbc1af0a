import { expect, test } from "vitest";
import { describeSending } from "./announce.ts";

test("what to try names port and key where they are not the usual ones", () => {
  expect(describeSending({})).toContain("\n  npx tsx send_sms.ts\n");
  const own = describeSending({ GATEWAY_PORT: "8101", BOOTSTRAP_API_KEY: "sk_test_mine" });
  expect(own).toContain("GATEWAY_URL=http://localhost:8101 API_KEY=sk_test_mine npx tsx send_sms.ts");
  expect(own).toContain("curl -s http://localhost:8101/api/v1/sms/send -H 'API-Key: sk_test_mine'");
});

test("without simulated carriers it is told what sending takes, and no test key is offered", () => {
  const text = describeSending({ LAB: "false", BOOTSTRAP_API_KEY: "sk_test_mine" });
  expect(text).toContain("credentials of a provider");
  expect(text).toContain("make admin ARGS='key create <client id> --kind live'");
  expect(text).not.toContain("sk_test_mine");
  expect(text).not.toContain("curl");
});
