import fc from "fast-check";
import { getCountries, getExampleNumber } from "libphonenumber-js/min";
import examples from "libphonenumber-js/mobile/examples";
import { describe, expect, test } from "vitest";
import { isKnownCountry, type NumberContext, shapeRecipientNumber } from "./index.ts";

function problemOf(raw: string, context: NumberContext = {}): string {
  const shaped = shapeRecipientNumber(raw, context);
  return shaped.ok ? `no problem: ${shaped.number}` : shaped.problem;
}

describe("numbers with their calling code", () => {
  test.each([
    ["+1234567890", "+1234567890"],
    ["+1234567891", "+1234567891"],
    ["+15005550006", "+15005550006"],
    ["+1 (202) 555-0123", "+12025550123"],
    ["(+49) 151.123.45678", "+4915112345678"],
    ["+49\u00a0151\u20111234567", "+491511234567"],
    ["  +491511234567\n", "+491511234567"],
    ["0049 151 1234567", "+491511234567"],
    ["00 1 202 555 0123", "+12025550123"],
    ["1234567890", "+1234567890"],
    ["+1234567", "+1234567"],
    ["+123456789012345", "+123456789012345"],
  ])("%j is %s", (raw, number) => {
    expect(shapeRecipientNumber(raw, {})).toEqual({ ok: true, number });
  });

  test("a number with + or 00 is not read in the country", () => {
    expect(shapeRecipientNumber("+1234567890", { countryCode: "US" })).toEqual({ ok: true, number: "+1234567890" });
    expect(shapeRecipientNumber("+12025550123", { countryCode: "DE" })).toEqual({ ok: true, number: "+12025550123" });
    expect(shapeRecipientNumber("0012025550123", { defaultCountry: "DE" })).toEqual({
      ok: true,
      number: "+12025550123",
    });
  });

  test.each([
    ["+44 (0)20 7946 0958", "+442079460958"],
    ["0049 (0)151 12345678", "+4915112345678"],
    ["+39 (0)6 698 12345", "+390669812345"],
  ])(
    "the bracketed 0 of %j goes where it is a trunk prefix and stays where it belongs to the number",
    (raw, number) => {
      expect(shapeRecipientNumber(raw, {})).toEqual({ ok: true, number });
    },
  );
});

describe("national numbers", () => {
  test.each([
    ["0151 1234567", { countryCode: "DE" }, "+491511234567"],
    ["0151 1234567", { countryCode: "de" }, "+491511234567"],
    ["0151 1234567", { countryCode: "49" }, "+491511234567"],
    ["0151 1234567", { countryCode: "+49" }, "+491511234567"],
    ["0151 1234567", { defaultCountry: "DE" }, "+491511234567"],
    ["0151 1234567", { countryCode: "DE", defaultCountry: "US" }, "+491511234567"],
    ["0151 1234567", { countryCode: "", defaultCountry: "DE" }, "+491511234567"],
    ["2025550123", { countryCode: "US" }, "+12025550123"],
    ["2025550123", { countryCode: "+1" }, "+12025550123"],
    ["12025550123", { countryCode: "US" }, "+12025550123"],
    ["12025550123", { countryCode: "1" }, "+12025550123"],
    ["(202) 555-0123", { defaultCountry: "US" }, "+12025550123"],
    ["011 44 20 7946 0958", { countryCode: "US" }, "+442079460958"],
    ["8 916 123-45-67", { countryCode: "RU" }, "+79161234567"],
    ["06 6982345", { countryCode: "IT" }, "+39066982345"],
    ["0812345678", { countryCode: "CI" }, "+2250812345678"],
  ])("%j read in %j is %s", (raw, context, number) => {
    expect(shapeRecipientNumber(raw, context)).toEqual({ ok: true, number });
  });

  test("every country's example number, written as at home, becomes its E.164 form", () => {
    const wrong: string[] = [];
    for (const country of getCountries()) {
      const example = getExampleNumber(country, examples);
      if (example === undefined) continue;
      const written = example.formatNational();
      const shaped = shapeRecipientNumber(written, { countryCode: country });
      if (!shaped.ok || shaped.number !== example.number)
        wrong.push(`${country} ${written} → ${JSON.stringify(shaped)}`);
    }
    expect(wrong).toEqual([]);
  });
});

describe("refusals", () => {
  test.each([
    ["", "no digits"],
    ["+", "no digits"],
    [" - ", "no digits"],
    ["+123456", "6 digits"],
    ["+1234567890123456", "16 digits"],
    ["1".repeat(21), "more than 15 digits"],
    ["+0491511234567", "begins with 0"],
    ["0151 1234567", "country_code"],
    ["000491511234567", "begins with 0"],
    ["+1 202 555 0123 ext. 5", 'character "e"'],
    ["+1-800-FLOWERS", 'character "F"'],
    ["0151/1234567", 'character "/"'],
    ["+1202555\u200b0123", "U\\+200B"],
    ["+12025550123\n+12025550124", "U\\+000A"],
    ["+٤٩١٥١١٢٣٤٥٦٧", "U\\+0664"],
    ["+12025550123+12025550124", "not at its beginning"],
    ["++12025550123", "not at its beginning"],
  ])("%j is refused with a sentence that says why", (raw, reason) => {
    expect(problemOf(raw)).toMatch(new RegExp(reason));
  });

  test.each(["XX", "UK", "999", "+", "+DE", "Germany", "toString"])(
    "the country %j is named as unknown",
    (countryCode) => {
      expect(problemOf("0151 1234567", { countryCode })).toContain(
        `country code "${countryCode.slice(0, 10)}" is not known`,
      );
      expect(isKnownCountry(countryCode)).toBe(false);
    },
  );

  test.each(["US", "us", " DE ", "1", "+1", "+49"])("the country %j is known", (country) => {
    expect(isKnownCountry(country)).toBe(true);
  });

  test("a number that is too short or long for any reading in its country is refused", () => {
    expect(problemOf("1", { countryCode: "DE" })).toContain("too short or too long");
    expect(problemOf("123", { countryCode: "US" })).toContain("4 digits");
    expect(problemOf("12345678901234567890", { countryCode: "US" })).toContain("too short or too long");
  });
});

describe("properties", () => {
  const separators = fc.array(fc.constantFrom(" ", "-", ".", "(", ")", "[", "]", "\u00a0", "–"), { maxLength: 2 });
  const e164 = fc.stringMatching(/^\+[1-9][0-9]{6,14}$/);

  test("whatever comes in, what is taken has the shape of E.164 and is taken unchanged again", () => {
    const raw = fc.oneof(
      fc.string(),
      fc.array(fc.constantFrom(..."+0123456789 -.()"), { maxLength: 24 }).map((characters) => characters.join("")),
    );
    const country = fc.constantFrom("US", "DE", "IT", "AR", "1", "+44", "XX", "", undefined);
    fc.assert(
      fc.property(raw, country, country, (text, countryCode, defaultCountry) => {
        const shaped = shapeRecipientNumber(text, { countryCode, defaultCountry });
        if (shaped.ok) {
          expect(shaped.number).toMatch(/^\+[1-9][0-9]{6,14}$/);
          expect(shapeRecipientNumber(shaped.number, {})).toEqual(shaped);
        } else {
          expect(shaped.problem).toMatch(/^The .*\.$/s);
        }
      }),
      { numRuns: 1000 },
    );
  });

  test("separators and 00 for + change nothing", () => {
    fc.assert(
      fc.property(e164, fc.array(separators, { minLength: 15, maxLength: 15 }), fc.boolean(), (number, gaps, zeros) => {
        const digits = [...number.slice(1)].map((digit, index) => `${digit}${(gaps[index] ?? []).join("")}`).join("");
        // "(0)" means something of its own; it has its examples above.
        fc.pre(!/[([]\s*0\s*[)\]]/.test(digits));
        expect(shapeRecipientNumber(`${zeros ? "00" : "+"}${digits}`, {})).toEqual({ ok: true, number });
      }),
    );
  });
});
