import fc from "fast-check";
import { Type } from "typebox";
import { describe, expect, it } from "vitest";
import { listSettings } from "./list-settings.ts";
import { type Environment, loadSettings } from "./load-settings.ts";
import { maskSettings, usesDefaultSecrets } from "./mask-settings.ts";
import { SettingsError } from "./settings-error.ts";

const schema = Type.Object({
  PORT: Type.Integer({ description: "Port to listen on.", minimum: 1, maximum: 65535, default: 8001 }),
  SAMPLE_RATE: Type.Number({ description: "Share of lines kept.", minimum: 0, maximum: 1, default: 1 }),
  LAB: Type.Boolean({ description: "Whether the lab runs.", default: true }),
  ORIGINS: Type.Array(Type.String({ pattern: "^https?://" }), { description: "Allowed origins.", default: [] }),
  LOG_LEVEL: Type.Union([Type.Literal("info"), Type.Literal("debug")], { description: "Log level.", default: "info" }),
  MODE: Type.Enum(["docker", "standalone"], { description: "Shape.", default: "docker" }),
  DATABASE_URL: Type.String({ description: "Where the database is.", secret: true }),
  ID_SECRET: Type.String({
    description: "Key of ids.",
    secret: true,
    generate: "hex32",
    insecureDefault: true,
    minLength: 8,
    default: "published-secret",
  }),
  TWILIO_ACCOUNT_SID: Type.Optional(Type.String({ description: "Twilio account.", aliases: ["TWILIO_SID"] })),
  STOP_TIMEOUT_MS: Type.Integer({ description: "Deadline of a stop.", unit: "ms", default: 10_000 }),
});

const enough = { DATABASE_URL: "postgres://u:pw@db/sms" };

function failToLoad(env: Environment): SettingsError {
  try {
    loadSettings(schema, env);
  } catch (error) {
    if (error instanceof SettingsError) return error;
    throw error;
  }
  throw new Error("the settings were accepted");
}

function problemOf(name: string, value: string): string | undefined {
  return failToLoad({ ...enough, [name]: value }).problems.find((problem) => problem.name === name)?.problem;
}

describe("loadSettings", () => {
  it("takes defaults where nothing or an empty string is set", () => {
    expect(loadSettings(schema, { ...enough, PORT: "", TWILIO_ACCOUNT_SID: "" })).toEqual({
      PORT: 8001,
      SAMPLE_RATE: 1,
      LAB: true,
      ORIGINS: [],
      LOG_LEVEL: "info",
      MODE: "docker",
      DATABASE_URL: "postgres://u:pw@db/sms",
      ID_SECRET: "published-secret",
      STOP_TIMEOUT_MS: 10_000,
    });
  });

  it("converts text to the type of each setting", () => {
    const env = {
      ...enough,
      PORT: " 9000 ",
      SAMPLE_RATE: ".25",
      LAB: "No",
      ORIGINS: "https://a.example, http://b.example,",
      LOG_LEVEL: "debug",
      MODE: "standalone",
    };
    expect(loadSettings(schema, env)).toMatchObject({
      PORT: 9000,
      SAMPLE_RATE: 0.25,
      LAB: false,
      ORIGINS: ["https://a.example", "http://b.example"],
      LOG_LEVEL: "debug",
      MODE: "standalone",
    });
  });

  it.each([
    ["true", true],
    ["1", true],
    ["YES", true],
    ["false", false],
    ["0", false],
    ["no", false],
  ])("reads the boolean %s as %s", (text, value) => {
    expect(loadSettings(schema, { ...enough, LAB: text }).LAB).toBe(value);
  });

  it("reads back every whole number that is in range", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 65535 }), (port) => {
        expect(loadSettings(schema, { ...enough, PORT: String(port) }).PORT).toBe(port);
      }),
    );
  });

  it("keeps the text of a string as it is", () => {
    expect(loadSettings(schema, { DATABASE_URL: " a b " }).DATABASE_URL).toBe(" a b ");
  });

  it("gives each process its own copy of a default list", () => {
    loadSettings(schema, enough).ORIGINS.push("changed");
    expect(loadSettings(schema, enough).ORIGINS).toEqual([]);
  });

  it.each([
    ["PORT", "80x", 'must be a whole number, but is "80x"'],
    ["PORT", "1.5", 'must be a whole number, but is "1.5"'],
    ["PORT", "0x10", 'must be a whole number, but is "0x10"'],
    ["PORT", "99999999999999999999", 'must be a whole number, but is "99999999999999999999"'],
    ["PORT", "0", 'must be at least 1, but is "0"'],
    ["PORT", "65536", 'must be at most 65535, but is "65536"'],
    ["SAMPLE_RATE", "much", 'must be a number, but is "much"'],
    ["SAMPLE_RATE", "Infinity", 'must be a number, but is "Infinity"'],
    ["LAB", "on", 'must be true or false (1, 0, yes and no are understood too), but is "on"'],
    ["LOG_LEVEL", "loud", 'must be one of info, debug, but is "loud"'],
    ["MODE", "both", 'must be one of docker, standalone, but is "both"'],
    ["ORIGINS", "https://a,b", "has an item (number 2) that must match ^https?://"],
    ["ID_SECRET", "hush", "must have at least 8 characters"],
  ])("refuses %s=%s in a clear sentence", (name, value, problem) => {
    expect(problemOf(name, value)).toBe(problem);
  });

  it("shows at most the start of a long bad value", () => {
    expect(problemOf("PORT", "x".repeat(500))).toHaveLength(
      `must be a whole number, but is "${"x".repeat(40)}…"`.length,
    );
  });

  it("lists all problems in one error, each under its name", () => {
    const error = failToLoad({ PORT: "none", LAB: "perhaps", ID_SECRET: "tiny" });
    expect(error.problems.map(({ name }) => name)).toEqual(["PORT", "LAB", "DATABASE_URL", "ID_SECRET"]);
    expect(error.message.split("\n")).toEqual([
      "4 settings are wrong:",
      '  PORT must be a whole number, but is "none"',
      '  LAB must be true or false (1, 0, yes and no are understood too), but is "perhaps"',
      "  DATABASE_URL is not set (Where the database is.)",
      "  ID_SECRET must have at least 8 characters",
    ]);
  });

  it("never shows the value of a secret, whatever its type", () => {
    const secrets = Type.Object({
      PIN: Type.Integer({ description: "Pin.", secret: true }),
      KIND: Type.Enum(["a", "b"], { description: "Kind.", secret: true }),
      KEY: Type.String({ description: "Key.", secret: true, pattern: "^sk_" }),
    });
    expect(() => loadSettings(secrets, { PIN: "hidden1", KIND: "hidden2", KEY: "hidden3" })).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining("hidden") }),
    );
  });

  it("honours an alias, and names it where its value is bad", () => {
    expect(loadSettings(schema, { ...enough, TWILIO_SID: "AC1" }).TWILIO_ACCOUNT_SID).toBe("AC1");
    const strict = Type.Object({ LIMIT: Type.Integer({ description: "Limit.", aliases: ["MAX"] }) });
    expect(() => loadSettings(strict, { MAX: "x" })).toThrow('LIMIT must be a whole number, but is "x" (set as MAX)');
  });

  it("takes a setting and its alias with one value, and refuses them with two", () => {
    const both = { ...enough, TWILIO_ACCOUNT_SID: "AC1", TWILIO_SID: "AC1" };
    expect(loadSettings(schema, both).TWILIO_ACCOUNT_SID).toBe("AC1");
    expect(failToLoad({ ...both, TWILIO_SID: "AC2" }).problems).toEqual([
      {
        name: "TWILIO_ACCOUNT_SID",
        problem: "is set to different values under the names TWILIO_ACCOUNT_SID and TWILIO_SID: keep one",
      },
    ]);
  });

  it("refuses a default that breaks its own rule", () => {
    const wrong = Type.Object({ PORT: Type.Integer({ description: "Port.", minimum: 1, default: 0 }) });
    expect(() => loadSettings(wrong, {})).toThrow("PORT must be at least 1");
  });
});

describe("listSettings", () => {
  it("describes each setting in the order of the schema", () => {
    const settings = listSettings(schema);
    expect(settings.map(({ name }) => name)).toEqual(Object.keys(schema.properties));
    expect(settings.find(({ name }) => name === "ID_SECRET")).toEqual({
      name: "ID_SECRET",
      description: "Key of ids.",
      type: "string",
      default: "published-secret",
      required: false,
      secret: true,
      insecureDefault: true,
      generate: "hex32",
      aliases: [],
    });
    expect(settings.find(({ name }) => name === "STOP_TIMEOUT_MS")).toMatchObject({ type: "integer", unit: "ms" });
    expect(settings.find(({ name }) => name === "LOG_LEVEL")).toMatchObject({
      type: "enum",
      choices: ["info", "debug"],
    });
    expect(settings.find(({ name }) => name === "TWILIO_ACCOUNT_SID")?.aliases).toEqual(["TWILIO_SID"]);
    expect(settings.filter(({ required }) => required).map(({ name }) => name)).toEqual(["DATABASE_URL"]);
  });

  it.each([
    ["no description", Type.String()],
    ["a type that cannot be read", Type.Object({}, { description: "Nested." })],
    ["an unknown generator", Type.String({ description: "Key.", generate: "dice" })],
    ["aliases that are not a list", Type.String({ description: "Key.", aliases: "OTHER" })],
    ["a unit that is not text", Type.Integer({ description: "Wait.", unit: 5 })],
  ])("refuses a schema with %s", (_what, property) => {
    expect(() => listSettings(Type.Object({ BAD: property }))).toThrow(/^Setting BAD has /);
  });
});

describe("maskSettings", () => {
  it("shows secrets only as set or not set", () => {
    const secrets = Type.Object({
      KEY: Type.String({ description: "Key.", secret: true }),
      TOKEN: Type.Optional(Type.String({ description: "Token.", secret: true })),
      NAME: Type.Optional(Type.String({ description: "Name." })),
    });
    expect(maskSettings(secrets, loadSettings(secrets, { KEY: "hidden" }))).toEqual({
      KEY: "set",
      TOKEN: "not set",
      NAME: null,
    });
  });

  it("hides the password in an address that is not marked as a secret", () => {
    const addresses = Type.Object({
      URL: Type.String({ description: "Address." }),
      URLS: Type.Array(Type.String(), { description: "Addresses." }),
    });
    const settings = loadSettings(addresses, {
      URL: "amqp://user:p@ss@rabbit/",
      URLS: "redis://:pw@redis:6379,http://a",
    });
    expect(maskSettings(addresses, settings)).toEqual({
      URL: "amqp://user:***@rabbit/",
      URLS: ["redis://:***@redis:6379", "http://a"],
    });
  });
});

describe("usesDefaultSecrets", () => {
  it("names the secrets that are still at their published default", () => {
    expect(usesDefaultSecrets(schema, loadSettings(schema, enough))).toEqual(["ID_SECRET"]);
    expect(usesDefaultSecrets(schema, loadSettings(schema, { ...enough, ID_SECRET: "of-its-own" }))).toEqual([]);
  });
});
