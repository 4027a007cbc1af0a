import { waitFor } from "@sms-gateway/testkit";
import { describe, expect, it } from "vitest";
import { createGroupWriter } from "./group-writer.ts";

class AwayError extends Error {}

function openWriter(write: (group: readonly number[]) => Promise<void>, groupMax = 100) {
  const failures: { size: number; givenUp: boolean }[] = [];
  const writer = createGroupWriter<number>({
    write,
    groupMax,
    isAway: (error) => error instanceof AwayError,
    onFailed: ({ size, givenUp }) => failures.push({ size, givenUp }),
  });
  return { writer, failures };
}

describe("createGroupWriter", () => {
  it("lets what arrives during a write leave together, in order and within the bound", async () => {
    const groups: number[][] = [];
    const { writer } = openWriter(async (group) => {
      groups.push([...group]);
      if (groups.length === 1) for (let item = 1; item <= 5; item += 1) later.push(writer.add(item));
    }, 3);
    const later: Promise<void>[] = [];
    await writer.add(0);
    await Promise.all(later);
    expect(groups).toEqual([[0], [1, 2, 3], [4, 5]]);
    expect(writer.size()).toBe(0);
  });

  it("keeps everything while the database is away and writes it afterwards", async () => {
    const written: number[] = [];
    let isAway = true;
    const { writer, failures } = openWriter(async (group) => {
      if (isAway) throw new AwayError();
      written.push(...group);
    });
    const first = writer.add(1);
    await waitFor(() => failures.length >= 2, { what: "two failed writes" });
    const second = writer.add(2);
    expect(writer.size()).toBe(2);
    isAway = false;
    await Promise.all([first, second]);
    expect(written).toEqual([1, 2]);
    expect(failures.every(({ givenUp }) => !givenUp)).toBe(true);
  });

  it("gives up only the one result that the database refuses", async () => {
    const written: number[] = [];
    const { writer, failures } = openWriter(async (group) => {
      if (group.includes(13)) throw new RangeError("refused");
      written.push(...group);
    });
    await Promise.all(Array.from({ length: 20 }, (_, item) => writer.add(item)));
    expect(written).toEqual(Array.from({ length: 20 }, (_, item) => item).filter((item) => item !== 13));
    expect(failures.filter(({ givenUp }) => givenUp)).toEqual([{ size: 1, givenUp: true }]);
  });
});
