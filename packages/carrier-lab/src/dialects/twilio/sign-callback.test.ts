import { expect, test } from "vitest";
import { signCallback } from "./sign-callback.ts";

// The example of Twilio's documentation.
test("gives the documented signature", () => {
  const fields = {
    To: "+18005551212",
    CallSid: "CA1234567890ABCDE",
    Caller: "+14158675309",
    Digits: "1234",
    From: "+14158675309",
  };
  const signature = signCallback("12345", "https://mycompany.com/myapp.php?foo=1&bar=2", fields);
  expect(signature).toBe("RSOYDt4T1cUTdK1PDd93/VVr8B8=");
});
