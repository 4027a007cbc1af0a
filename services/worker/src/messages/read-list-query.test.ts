import { ApiError } from "@sms-gateway/contracts";
import { describe, expect, it } from "vitest";
import { type ListQuery, readListQuery } from "./read-list-query.ts";

const id = "019aa000-0000-7000-8000-000000000001";

function problemsOf(query: ListQuery): unknown {
  try {
    readListQuery(query);
  } catch (error) {
    if (error instanceof ApiError) return error.details.errors;
    throw error;
  }
  throw new Error("the query was accepted");
}

describe("readListQuery", () => {
  it("takes the newest fifty unless told otherwise", () => {
    expect(readListQuery({})).toEqual({ limit: 50, offset: 0 });
    expect(readListQuery({ status: "", limit: "" })).toEqual({ limit: 50, offset: 0 });
  });

  it("reads every filter", () => {
    const query = {
      status: "delivered",
      sms_type: "otp",
      to: " 12025550123",
      provider: "Vonage",
      batch_id: id.toUpperCase(),
      custom_id: "order 1",
      date_from: "2026-01-31",
      date_to: "2026-01-31",
      limit: "500",
      cursor: "AZqgAAAAcACAAAAAAAAAAQ",
    };
    expect(readListQuery(query)).toEqual({
      status: "delivered",
      smsType: "otp",
      to: "+12025550123",
      provider: "nexmo",
      batchId: id,
      customId: "order 1",
      dateFrom: new Date("2026-01-31T00:00:00Z"),
      dateTo: new Date("2026-01-31T23:59:59.999Z"),
      limit: 500,
      offset: 0,
      cursor: "AZqgAAAAcACAAAAAAAAAAQ",
    });
  });

  it("reads a time without zone as UTC, and a zone as given", () => {
    expect(readListQuery({ date_from: "2026-01-31T12:00" }).dateFrom).toEqual(new Date("2026-01-31T12:00:00Z"));
    expect(readListQuery({ date_to: "2026-01-31T12:00:00+02:00" }).dateTo).toEqual(new Date("2026-01-31T10:00:00Z"));
  });

  it("lists every problem at once", () => {
    const query = {
      status: "lost",
      sms_type: "fax",
      to: "nobody",
      provider: "acme",
      batch_id: "1",
      date_from: "yesterday",
      date_to: "2026-13-01",
      limit: "501",
      offset: "-1",
      cursor: "?",
    };
    expect(problemsOf(query)).toEqual(
      ["status", "sms_type", "to", "provider", "batch_id", "date_from", "date_to", "cursor", "limit", "offset"].map(
        (name) => ({ path: `query:${name}`, message: expect.stringMatching(/./) }),
      ),
    );
  });

  it("refuses offset and cursor together", () => {
    expect(problemsOf({ offset: "5", cursor: "AZqg" })).toEqual([
      { path: "query:offset", message: "cannot be combined with cursor" },
    ]);
  });
});
