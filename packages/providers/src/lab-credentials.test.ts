import { labAccount } from "@sms-gateway/carrier-lab";
import { PROVIDER_NAMES } from "@sms-gateway/contracts";
import fc from "fast-check";
import { expect, it } from "vitest";
import { labCredentials } from "./lab-credentials.ts";

it.each(PROVIDER_NAMES)("gives %s the account that the lab itself has", (provider) => {
  expect(labCredentials(provider, "token-of-this-test")).toEqual(labAccount(provider, "token-of-this-test"));
});

it("agrees with the lab for any name and token", () => {
  fc.assert(
    fc.property(fc.string(), fc.string({ minLength: 1 }), (name, token) => {
      expect(labCredentials(name, token)).toEqual(labAccount(name, token));
    }),
  );
});
