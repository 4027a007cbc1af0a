import { describe, expect, test } from "vitest";
import { createRandom } from "../random.ts";
import { type PlannedRequest, planRequests } from "./plan-request.ts";

function plan(seed: number, count: number): PlannedRequest[] {
  const plans = planRequests(createRandom(seed), { ttlS: 100 });
  return Array.from({ length: count }, () => plans.next().value);
}

describe("the requests of a run", () => {
  test("are the same for the same seed", () => {
    expect(plan(4, 300)).toEqual(plan(4, 300));
    expect(plan(4, 300)).not.toEqual(plan(5, 300));
  });

  test("write to each number once", () => {
    const numbers = plan(1, 2_000).flatMap((request) => request.numbers);
    expect(new Set(numbers).size).toBe(numbers.length);
  });

  test("are of every kind", () => {
    const plans = plan(2, 2_000);
    const count = (test: (request: PlannedRequest) => boolean) => plans.filter(test).length / plans.length;
    for (const smsType of ["otp", "transactional", "promotional", "alert", "marketing"] as const) {
      expect(count((request) => request.smsType === smsType)).toBeGreaterThan(0.05);
    }
    expect(count(({ manners }) => manners === "careless")).toBeGreaterThan(0.05);
    expect(count(({ tenant }) => tenant === "counted")).toBeGreaterThan(0.1);
    expect(count(({ scheduleInS }) => scheduleInS !== undefined)).toBeGreaterThan(0.02);
    expect(count(({ ttlS }) => ttlS === 60)).toBeGreaterThan(0.02);
    expect(count(({ ttlS }) => ttlS === 100)).toBeGreaterThan(0.9);
    expect(count(({ numbers }) => numbers.length > 1)).toBeGreaterThan(0.1);
  });

  test("of the counted client all have a key, and a code goes to one number", () => {
    for (const { tenant, manners, smsType, numbers } of plan(3, 2_000)) {
      if (tenant === "counted") expect(manners).toBe("good");
      if (smsType === "otp") expect(numbers).toHaveLength(1);
    }
  });
});
