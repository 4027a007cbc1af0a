import { expect, test } from "vitest";
import { listGeneratedSettings, renderEnvExample } from "./render-settings.ts";
import type { ServiceSetting } from "./service-settings.ts";

const setting = (name: string, more: Partial<ServiceSetting>): ServiceSetting => ({
  name,
  description: "What it is.",
  type: "string",
  required: false,
  secret: false,
  insecureDefault: false,
  aliases: [],
  services: ["gateway"],
  ...more,
});

test("an example tells which settings are generated", () => {
  const example = renderEnvExample([
    setting("FIRST_SECRET", { secret: true, generate: "hex32" }),
    setting("A_PORT", { default: 8001 }),
    setting("A_PASSWORD", { secret: true }),
    setting("LAST_SECRET", { secret: true, generate: "hex32", default: "for development" }),
  ]);
  expect(listGeneratedSettings(`#### begin\n\n${example}\n\n#### end\n`)).toEqual(["FIRST_SECRET", "LAST_SECRET"]);
});
