import { defineConfig } from "vitest/config";

// Tests run against sources, never against a build: the condition picks `src/index.ts` of every workspace package.
export default defineConfig({
  resolve: { conditions: ["@sms-gateway/source"] },
  ssr: { resolve: { conditions: ["@sms-gateway/source"] } },
  test: { include: ["**/*.test.ts"], exclude: ["**/node_modules/**", "**/dist/**"] },
});
