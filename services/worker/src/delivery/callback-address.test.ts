import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createCallbackAddresses } from "./callback-address.ts";

const subject = {
  provider: "twilio",
  account: "lab",
  messageId: "019aa000-0000-7000-8000-000000000001",
  attemptNumber: 2,
} as const;
const addresses = createCallbackAddresses("https://sms.example.com/base/", "internal-token-of-this-test");

function queryOf(address: string): string {
  return address.slice(address.indexOf("?") + 1);
}

describe("createCallbackAddresses", () => {
  it("names account, message and attempt under PUBLIC_URL", () => {
    expect(addresses.make(subject)).toMatch(
      /^https:\/\/sms\.example\.com\/base\/webhooks\/twilio\/status\?a=lab&m=019aa000-[0-9a-f-]+&n=2&h=[0-9a-f]{32}$/,
    );
  });

  it("reads what it made", () => {
    expect(addresses.read("twilio", queryOf(addresses.make(subject)))).toEqual(subject);
  });

  it("takes an address made for another provider as forged", () => {
    expect(addresses.read("plivo", queryOf(addresses.make(subject)))).toBe("forged");
  });

  it("takes an address made under another token as forged", () => {
    const others = createCallbackAddresses("https://sms.example.com/base", "internal-token-of-others");
    expect(addresses.read("twilio", queryOf(others.make(subject)))).toBe("forged");
  });

  it("takes any address with a changed character as forged", () => {
    const query = queryOf(addresses.make(subject));
    const index = fc.integer({ min: 0, max: query.length - 1 });
    fc.assert(
      fc.property(index, fc.constantFrom(..."0189abz&="), (at, character) => {
        fc.pre(query[at] !== character);
        expect(addresses.read("twilio", query.slice(0, at) + character + query.slice(at + 1))).toBe("forged");
      }),
    );
  });

  it.each(["", "foo=bar"])("takes the query %j as foreign", (query) => {
    expect(addresses.read("twilio", query)).toBe("foreign");
  });

  it("keeps path and query byte for byte when it rebuilds an address", () => {
    expect(addresses.rebuild("/webhooks/Twilio/status?x=%7e")).toBe(
      "https://sms.example.com/base/webhooks/Twilio/status?x=%7e",
    );
  });
});
