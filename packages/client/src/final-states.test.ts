import { isFinalState, MESSAGE_STATES } from "@sms-gateway/contracts";
import { expect, test } from "vitest";
import { isFinal } from "./final-states.ts";

test("every state is final here exactly when it is in contracts", () => {
  expect(MESSAGE_STATES.filter(isFinal)).toEqual(MESSAGE_STATES.filter(isFinalState));
});
