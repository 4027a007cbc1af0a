import { describe, expect, it } from "vitest";
import { ENV_MARKERS, MARKDOWN_MARKERS, replaceBlock } from "../docs/generated-block.ts";
import { renderEnvExample, renderSettingsTable } from "../docs/render-settings.ts";
import type { ServiceSetting } from "../docs/service-settings.ts";
import { checkCommands } from "./check-commands.ts";
import { checkErrorDocs } from "./check-error-docs.ts";
import { checkLinks } from "./check-links.ts";
import { checkProviderRegistry } from "./check-provider-registry.ts";
import { checkSettingDocs } from "./check-setting-docs.ts";
import { checkStateDocs } from "./check-state-docs.ts";
import { repositoryOf } from "./repository.ts";
import { REQUIREMENT_SETTINGS, RESERVED_SETTINGS } from "./requirement-settings.ts";

const PLAIN = {
  description: "A setting.",
  type: "string",
  required: false,
  secret: false,
  insecureDefault: false,
} as const;
const SETTINGS: readonly ServiceSetting[] = REQUIREMENT_SETTINGS.filter((name) => !(name in RESERVED_SETTINGS)).map(
  (name) => ({ ...PLAIN, name, aliases: [], services: ["gateway"], default: `${name} default` }),
);

function pagesOf(settings: readonly ServiceSetting[]): Record<string, string> {
  const page = `${MARKDOWN_MARKERS.begin}\n${MARKDOWN_MARKERS.end}\n`;
  const example = `${ENV_MARKERS.begin}\n${ENV_MARKERS.end}\n`;
  return {
    "docs/configuration.md": replaceBlock(page, MARKDOWN_MARKERS, renderSettingsTable(settings)) ?? "",
    ".env.example": replaceBlock(example, ENV_MARKERS, renderEnvExample(settings)) ?? "",
  };
}

describe("checkSettingDocs", () => {
  it("finds nothing in pages that the schemas wrote", () => {
    expect(checkSettingDocs(repositoryOf(pagesOf(SETTINGS)), SETTINGS)).toEqual([]);
  });

  it("sees a setting that has changed since the pages were written", () => {
    const changed = SETTINGS.map((setting) => ({ ...setting, default: "another" }));
    expect(checkSettingDocs(repositoryOf(pagesOf(SETTINGS)), changed)).toHaveLength(2);
  });

  it("says which page is missing or has lost its markers", () => {
    const found = checkSettingDocs(repositoryOf({ ".env.example": "" }), SETTINGS);
    expect(found[0]).toContain("docs/configuration.md is missing");
    expect(found[1]).toContain(".env.example lacks the lines");
  });

  it("misses names of the requirement documents, and reserved ones that are read by now", () => {
    const [, ...others] = SETTINGS;
    const arrived = { ...PLAIN, name: "OTP_MAX_ATTEMPTS", aliases: [], services: ["gateway"] };
    const settings = [...others, arrived];
    const found = checkSettingDocs(repositoryOf(pagesOf(settings)), settings);
    expect(found[0]).toContain("no service reads TWILIO_SID");
    expect(found[1]).toContain("OTP_MAX_ATTEMPTS is read now");
  });

  it("compares names that stand by hand with Compose, the scripts and the schemas", () => {
    const pages = pagesOf(SETTINGS);
    const found = checkSettingDocs(
      repositoryOf({
        "docs/configuration.md": `${pages["docs/configuration.md"]}\nSet \`NO_SUCH_NAME=1\` or \`POSTGRES_PASSWORD\`.`,
        ".env.example": `${pages[".env.example"]}\n#POSTGRES_PASSWORD=\n#NOBODY_READS=\n#REDIS_URL=x\n`,
        "docker-compose.yml": ["a: ", "{POSTGRES_PASSWORD:?}\nb: ", "{UNKNOWN_NAME:-1}\n"].join("$"),
      }),
      SETTINGS,
    );
    expect(found).toEqual([
      ".env.example names REDIS_URL by hand, though a schema has it",
      ".env.example names NOBODY_READS, which nothing reads",
      "docker-compose reads UNKNOWN_NAME, which .env.example lacks",
      "docs/configuration.md names NO_SUCH_NAME, which nothing reads",
    ]);
  });

  it("never writes the value of a secret", () => {
    const secret: ServiceSetting = {
      ...PLAIN,
      name: "ID_SECRET",
      secret: true,
      insecureDefault: true,
      default: "x-y-z",
      aliases: [],
      services: ["worker"],
    };
    expect(renderEnvExample([secret]) + renderSettingsTable([secret])).not.toContain("x-y-z");
  });
});

describe("checkErrorDocs", () => {
  const codes = { NOT_FOUND: { status: 404 }, CONFLICT: { status: 409 } };

  it("finds missing rows, strange rows and wrong statuses", () => {
    const page =
      "| code | HTTP |\n|---|---|\n| `NOT_FOUND` | 410 |\n| `GONE` | 410 |\n\n| `RETRIES_EXHAUSTED` | rounds used up |\n";
    expect(checkErrorDocs(repositoryOf({ "docs/errors.md": page }), codes)).toEqual([
      "docs/errors.md gives NOT_FOUND the status 410 instead of 404",
      "docs/errors.md has no row for CONFLICT",
      "docs/errors.md has a row for GONE, which is no error code",
    ]);
  });

  it("says that the page is missing", () => {
    expect(checkErrorDocs(repositoryOf({}), codes)).toEqual(["docs/errors.md is missing"]);
  });
});

it("misses a message state on its page", () => {
  const repository = repositoryOf({ "docs/message-states.md": "`sent` is a state" });
  expect(checkStateDocs(repository, ["sent", "unknown"])).toEqual([
    "docs/message-states.md does not mention `unknown`",
  ]);
});

it("finds make targets and files that do not exist, in code only", () => {
  const page =
    "Run `make up`, make sure of `make nothing ARGS='a b'`, or `make up ARGS=\"c d|e\"`.\n\n```\nmake test-a && npx tsx send_sms.ts\nmake up MODE=docker # make it so\nbash gone.sh\n```\n";
  const makefile = ".PHONY: up\nup: build\n\t@echo\ntest-%:\n\techo\nMODE := x\n";
  expect(checkCommands(repositoryOf({ "README.md": page, Makefile: makefile, "send_sms.ts": "" }))).toEqual([
    'README.md:1 tells to run "make nothing", which is no target',
    "README.md:6 tells to run gone.sh, which does not exist",
  ]);
});

it("finds links that lead nowhere, to files and to headings", () => {
  const page =
    "[a](docs/a.md) [b](docs/b.md) [c](docs/a.md#the-end) [d](#none) [e](https://example.org/x) `[f](g.md)`\n";
  const found = checkLinks(repositoryOf({ "README.md": page, "docs/a.md": "# A\n\n## The `end`\n" }));
  expect(found).toEqual([
    "README.md:1 links to docs/b.md, which does not exist",
    "README.md:1 links to #none, which does not exist",
  ]);
});

it("compares the providers' folders with the registry in both directions", () => {
  const found = checkProviderRegistry(
    repositoryOf({
      "packages/providers/src/registry.ts":
        'export const a = () => import("./twilio/account.ts");\nimport { b } from "./plivo/account.ts";\n',
      "packages/providers/src/twilio/account.ts": "",
      "packages/providers/src/nexmo/account.ts": "",
    }),
  );
  expect(found).toEqual([
    "packages/providers/src/nexmo is not in the registry",
    "packages/providers/src/registry.ts names plivo, which has no folder",
  ]);
});
