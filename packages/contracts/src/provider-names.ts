/** The providers of requirement 002 as answers and paths spell them. `smpp` joins with its adapter. */
export const PROVIDER_NAMES = ["twilio", "aws_sns", "plivo", "nexmo", "clickatell"] as const;
export type ProviderName = (typeof PROVIDER_NAMES)[number];

// Keys are compared forms: lower case, letters and digits only.
const BY_COMPARED_FORM: ReadonlyMap<string, ProviderName> = new Map([
  ...PROVIDER_NAMES.map((name) => [compared(name), name] as const),
  ["vonage", "nexmo"],
  ["sns", "aws_sns"],
]);

/**
 * Reads a provider's name as people write it ("AWS-SNS", "Vonage", "twilio"): compared lower-case without
 * punctuation, aliases resolved. `undefined` when there is no such provider.
 */
export function findProviderName(written: string): ProviderName | undefined {
  return BY_COMPARED_FORM.get(compared(written));
}

function compared(written: string): string {
  return written.toLowerCase().replace(/[^a-z0-9]/g, "");
}
