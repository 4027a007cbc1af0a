import { expect, test } from "vitest";
import { findProviderName, PROVIDER_NAMES } from "./index.ts";

test.each([
  ["twilio", "twilio"],
  ["Twilio", "twilio"],
  ["AWS-SNS", "aws_sns"],
  ["aws sns", "aws_sns"],
  ["sns", "aws_sns"],
  ["Vonage", "nexmo"],
  ["NEXMO", "nexmo"],
  ["Clickatell", "clickatell"],
  [" plivo ", "plivo"],
])("%j is the provider %s", (written, name) => {
  expect(findProviderName(written)).toBe(name);
});

test("every name stands for itself", () => {
  for (const name of PROVIDER_NAMES) expect(findProviderName(name)).toBe(name);
});

test.each(["", "-", "acme", "twilio2", "constructor", "__proto__"])("%j is no provider", (written) => {
  expect(findProviderName(written)).toBeUndefined();
});
