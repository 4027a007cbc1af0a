import {
  getCountries,
  getCountryCallingCode,
  isSupportedCountry,
  parsePhoneNumberFromString,
} from "libphonenumber-js/min";

export type NationalReading = { digits: string } | "unknown_country" | "unreadable";

const CALLING_CODES: ReadonlySet<string> = new Set(getCountries().map((country) => getCountryCallingCode(country)));

/**
 * Reads digits as they are dialled in a country and answers with calling code and national number: trunk prefixes are
 * dropped where they are one (0 in DE, not in IT), the country's own international prefix (011 in US) and its calling
 * code in front are understood. `libphonenumber-js` does it. Its small metadata is enough for reading; types and exact
 * validity would need the large one.
 *
 * @param digits digits only; a + in front means that the country is in the number.
 * @param country two letters (any case) or a calling code with or without +; not looked at when the digits have a +.
 */
export function readNationalNumber(digits: string, country: string): NationalReading {
  const options = digits.startsWith("+") ? {} : findCountry(country);
  if (options === undefined) return "unknown_country";
  const parsed = parsePhoneNumberFromString(digits, { ...options, extract: false });
  return parsed === undefined ? "unreadable" : { digits: parsed.number.slice(1) };
}

/** Whether numbers can be read in this country: two letters (any case) or a calling code with or without +. */
export function isKnownCountry(country: string): boolean {
  return findCountry(country.trim()) !== undefined;
}

function findCountry(country: string) {
  const letters = country.toUpperCase();
  if (isSupportedCountry(letters)) return { defaultCountry: letters };
  const callingCode = country.startsWith("+") ? country.slice(1) : country;
  return CALLING_CODES.has(callingCode) ? { defaultCallingCode: callingCode } : undefined;
}
