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
      if (groups.length === 1) for (let item = 1; item <= 5; item += 1) writer.add(item);
    }, 3);
    writer.add(0);
    expect(await writer.drain(5000)).toBe(true);
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
    writer.add(1);
    await waitFor(() => failures.length >= 2, { what: "two failed writes" });
    writer.add(2);
    expect(writer.size()).toBe(2);
    isAway = false;
    expect(await writer.drain(5000)).toBe(true);
    expect(written).toEqual([1, 2]);
    expect(failures.every(({ givenUp }) => !givenUp)).toBe(true);
  });

  it("gives up only the one result that the database refuses", async () => {
    const written: number[] = [];
    const { writer, failures } = openWriter(async (group) => {
      if (group.includes(13)) throw new RangeError("refused");
      written.push(...group);
    });
    for (let item = 0; item < 20; item += 1) writer.add(item);
    expect(await writer.drain(10_000)).toBe(true);
    expect(written).toEqual(Array.from({ length: 20 }, (_, item) => item).filter((item) => item !== 13));
    expect(failures.filter(({ givenUp }) => givenUp)).toEqual([{ size: 1, givenUp: true }]);
  });

  it("says when it could not write everything in time", async () => {
    const { writer } = openWriter(async () => {
      throw new AwayError();
    });
    writer.add(1);
    expect(await writer.drain(30)).toBe(false);
    expect(writer.size()).toBe(1);
  });
});
