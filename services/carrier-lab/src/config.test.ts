import { listSettings, SettingsError } from "@sms-gateway/runtime";
import { expect, test } from "vitest";
import { carrierLabSettings, loadCarrierLabSettings } from "./config.ts";

test("without an environment the lab is on, listens on this machine only and trusts no network", () => {
  expect(loadCarrierLabSettings({})).toEqual({
    LAB: true,
    LAB_HOST: "127.0.0.1",
    LAB_PORT: 9100,
    LAB_TOKEN: "lab-token-for-development-only",
    LAB_TRUST_NETWORK: false,
    LAB_INBOX_FILE: ".data/lab/inbox.jsonl",
    LAB_DELIVERY_DELAY_MS: 1000,
    LOG_LEVEL: "info",
  });
});

test("the published token is refused where other machines reach the lab", () => {
  expect(() => loadCarrierLabSettings({ LAB_HOST: "0.0.0.0" })).toThrow(/LAB_TOKEN/);
  expect(() => loadCarrierLabSettings({ LAB_HOST: "0.0.0.0" })).toThrow(SettingsError);
});

test.each([
  { LAB_HOST: "0.0.0.0", LAB_TOKEN: "a-token-of-their-own" },
  { LAB_HOST: "0.0.0.0", LAB_TRUST_NETWORK: "true" },
  { LAB_HOST: "0.0.0.0", LAB: "false" },
  { LAB_HOST: "::1" },
])("%o is accepted", (env) => {
  expect(loadCarrierLabSettings(env).LAB_HOST).toBe(env.LAB_HOST);
});

test("bad settings are named all together", () => {
  const load = () => loadCarrierLabSettings({ LAB_PORT: "lots", LAB_DELIVERY_DELAY_MS: "-1", LAB_TOKEN: "short" });
  expect(load).toThrow(/LAB_PORT[\s\S]*LAB_TOKEN[\s\S]*LAB_DELIVERY_DELAY_MS/);
});

test("only the token is a secret, and it can be generated", () => {
  const secrets = listSettings(carrierLabSettings).filter(({ secret }) => secret);
  expect(secrets).toMatchObject([{ name: "LAB_TOKEN", generate: "hex32", insecureDefault: true }]);
});
