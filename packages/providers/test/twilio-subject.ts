import { labCredentials } from "@sms-gateway/providers";
import type { ConformanceSubject } from "./conformance-subject.ts";
import { LAB_TOKEN } from "./lab-world.ts";

const credentials = labCredentials("twilio", LAB_TOKEN);
const wrongCredentials = { ...credentials, authToken: "0123456789abcdef0123456789abcdef" };
/** A sid that no lab gives out. */
export const TWILIO_SID = `SM${"0".repeat(32)}`;

/** Twilio's adapter, and its account in the lab. */
export const TWILIO_SUBJECT: ConformanceSubject = {
  adapter: "twilio",
  labPath: "/twilio",
  credentials,
  wrongCredentials,
  derivedSecrets: [credentials, wrongCredentials].flatMap(({ accountSid, authToken }) => [
    Buffer.from(`${accountSid}:${authToken}`).toString("base64"),
    Buffer.from(authToken).toString("base64"),
  ]),
  publicCredentials: ["accountSid"],
  codes: { invalidNumber: "21211", throttled: "20429", wrongCredentials: "20003", undelivered: "30005" },
  unknownId: TWILIO_SID,
  saysWait: true,
  rubbish: ["", "null", "42", '"text"', "[]", "{}", '{"sid":42}', '{"sid":"XX1"}', "<html>", `{"sid":"${TWILIO_SID}"`],
};
