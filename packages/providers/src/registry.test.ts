import { readdirSync } from "node:fs";
import { expect, it } from "vitest";
import { ADAPTERS, capabilitiesOfAdapter } from "./registry.ts";

it("has one adapter per folder", () => {
  const folders = readdirSync(new URL(".", import.meta.url), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);
  expect(Object.keys(ADAPTERS).sort()).toEqual(folders.sort());
});

it.each(Object.entries(ADAPTERS))("%s has the files that every provider has", (name) => {
  const files = readdirSync(new URL(`${name}/`, import.meta.url));
  expect(files).toEqual(
    expect.arrayContaining(["adapter.ts", "callbacks.ts", "capabilities.ts", "config.ts", "errors.ts", "submit.ts"]),
  );
});

it.each(Object.entries(ADAPTERS))("%s describes every field of its accounts", (_name, { configSchema }) => {
  for (const field of Object.values(configSchema.properties)) {
    expect(field).toHaveProperty("description");
  }
});

it("tells what Twilio carries without an account", () => {
  expect(capabilitiesOfAdapter("twilio")).toEqual({
    messageTypes: ["text", "unicode"],
    alphanumericSenders: true,
    validitySeconds: { min: 1, max: 36_000 },
    search: { settleSeconds: 60 },
    readMessage: true,
  });
});
