/** Why a message ends `unknown`: a provider was asked, and nobody knows the answer. */
export const OUTCOME_UNKNOWN = {
  code: "OUTCOME_UNKNOWN",
  message: "A provider was asked and never said whether it took the message.",
};
