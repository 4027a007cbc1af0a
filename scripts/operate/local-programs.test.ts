import { describe, expect, test } from "vitest";
import { listPrograms } from "./local-programs.ts";

describe("the programs of the standalone shape", () => {
  test("are the lab and the gateway with the worker, on their usual ports", () => {
    expect(listPrograms({})).toEqual([
      {
        name: "carrier-lab",
        ports: [{ setting: "LAB_PORT", host: "127.0.0.1", port: 9100 }],
        readyUrls: ["http://127.0.0.1:9100/healthz"],
      },
      {
        name: "standalone",
        ports: [
          { setting: "GATEWAY_PORT", host: "0.0.0.0", port: 8001 },
          { setting: "WORKER_PORT", host: "0.0.0.0", port: 9000 },
        ],
        readyUrls: ["http://127.0.0.1:8001/readyz", "http://127.0.0.1:9000/readyz"],
      },
    ]);
  });

  test("are asked under the address that they listen on", () => {
    const [, standalone] = listPrograms({ GATEWAY_HOST: "::1", GATEWAY_PORT: "8101", WORKER_HOST: "192.0.2.7" });
    expect(standalone?.readyUrls).toEqual(["http://[::1]:8101/readyz", "http://192.0.2.7:9000/readyz"]);
  });

  test("leave the lab out where it is switched off", () => {
    expect(listPrograms({ LAB: "false" }).map((program) => program.name)).toEqual(["standalone"]);
  });

  test.each(["0", "65536", "abc", "80a"])("refuse %s as a port, by the setting's name", (port) => {
    expect(() => listPrograms({ WORKER_PORT: port })).toThrow(`WORKER_PORT must be a port from 1 to 65535, but is`);
  });

  test("refuse all bad ports at once", () => {
    expect(() => listPrograms({ WORKER_PORT: "a", GATEWAY_PORT: "b" })).toThrow(
      /GATEWAY_PORT must.*\nWORKER_PORT must/,
    );
  });

  test("refuse one port for two of them", () => {
    expect(() => listPrograms({ LAB_PORT: "8001" })).toThrow("LAB_PORT and GATEWAY_PORT are both 8001");
  });
});
