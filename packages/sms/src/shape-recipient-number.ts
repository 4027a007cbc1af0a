import { readNationalNumber } from "./read-national-number.ts";

export type NumberContext = {
  /** ISO 3166 alpha-2 country of the number ("DE", any case), or a calling code ("49", "+49"). */
  countryCode?: string | undefined;
  /** The same, for numbers without a country of their own: the setting DEFAULT_COUNTRY. */
  defaultCountry?: string | undefined;
};

export type ShapedNumber =
  | { ok: true; number: string }
  /** `problem` is a sentence for the client: what is wrong with the number and what to do. It never quotes the number. */
  | { ok: false; problem: string };

/** E.164 allows 15 digits; 7 is the shortest number in use (api.md section 2). */
const DIGITS_MIN = 7;
const DIGITS_MAX = 15;

/** Digits as written: 15, and before them an international prefix of up to 5 (such as 00, 011, 0011, 00700). */
const WRITTEN_DIGITS_MAX = DIGITS_MAX + 5;

/** What most clients send: E.164 already, nothing to collect. */
const PLAIN_E164 = /^\+[1-9][0-9]{6,14}$/;

/** Unicode's spaces and dashes too, for numbers are pasted from web pages; no line breaks, they separate two numbers. */
const SEPARATOR = /[\p{Zs}\p{Pd}\u2212.()[\]]/u;

/** "+44 (0)20 …": the 0 that is dialled only inside the country, written in an international number. */
const BRACKETED_TRUNK_PREFIX = /[([]\s*0\s*[)\]]/;

/**
 * Shapes a phone number into E.164: `+`, 7 to 15 digits, the first not 0 (api.md section 2). Spaces, dashes, dots and
 * brackets are dropped, a leading 00 is read as +. Only the shape is promised, not that the number can exist.
 *
 * With a + (or 00) the number stands for itself and the countries are not looked at. Otherwise it is read as dialled
 * in `countryCode`, else in `defaultCountry` (0151 1234567 in DE is +491511234567), else as international digits.
 * Digits that make sense both ways are read as national: in DE, 49 151 … without + is a number in the town of Leer.
 */
export function shapeRecipientNumber(raw: string, context: NumberContext): ShapedNumber {
  if (PLAIN_E164.test(raw)) return { ok: true, number: raw };
  const written = collectDigits(raw.trim());
  if (!written.ok) return written;
  let digits = written.digits;
  let isInternational = written.hasPlus;
  if (!isInternational && digits.startsWith("00")) {
    digits = digits.slice(2);
    isInternational = true;
  }
  if (isInternational) {
    // The bracketed 0 stays in Italy and goes elsewhere: only in this rare form does a number with + need the library.
    return BRACKETED_TRUNK_PREFIX.test(raw) ? readNational(`+${digits}`, "") : checkShape(digits);
  }
  const country = context.countryCode?.trim() || context.defaultCountry?.trim() || "";
  return country === "" ? checkShape(digits) : readNational(digits, country);
}

function collectDigits(raw: string): { ok: true; digits: string; hasPlus: boolean } | { ok: false; problem: string } {
  let digits = "";
  let hasPlus = false;
  for (const character of raw) {
    if (character >= "0" && character <= "9") {
      digits += character;
      if (digits.length > WRITTEN_DIGITS_MAX) return refuse(describeLength("more than 15"));
    } else if (character === "+") {
      if (hasPlus || digits !== "")
        return refuse("The number has a + that is not at its beginning: give one number only.");
      hasPlus = true;
    } else if (!SEPARATOR.test(character)) {
      return refuse(
        `The number has the character ${nameCharacter(character)}: use digits, spaces, dashes, dots, brackets and a leading + only.`,
      );
    }
  }
  if (digits === "") return refuse("The number has no digits: give a phone number such as +12025550123.");
  return { ok: true, digits, hasPlus };
}

function readNational(digits: string, country: string): ShapedNumber {
  const reading = readNationalNumber(digits, country);
  if (reading === "unknown_country") {
    return refuse(
      `The country code ${JSON.stringify(country.slice(0, 10))} is not known: give two letters such as "US" or a calling code such as "+1", or write the number with + and its calling code.`,
    );
  }
  if (reading === "unreadable") {
    return refuse(
      "The number is too short or too long for its country: check it, or write it with + and its calling code.",
    );
  }
  return checkShape(reading.digits);
}

function checkShape(digits: string): ShapedNumber {
  if (digits.startsWith("0")) {
    return refuse(
      "The number begins with 0 where its country's calling code should be: write it with + and the calling code, or give its country_code.",
    );
  }
  if (digits.length < DIGITS_MIN || digits.length > DIGITS_MAX) return refuse(describeLength(`${digits.length}`));
  return { ok: true, number: `+${digits}` };
}

function describeLength(digitCount: string): string {
  return `The number has ${digitCount} digits with its calling code: it needs ${DIGITS_MIN} to ${DIGITS_MAX}.`;
}

/** Visible ASCII is quoted, anything else named by its code point: it may be invisible or look like something else. */
function nameCharacter(character: string): string {
  if (/^[!-~]$/.test(character)) return JSON.stringify(character);
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
}

function refuse(problem: string): { ok: false; problem: string } {
  return { ok: false, problem };
}
