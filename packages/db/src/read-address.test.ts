import { expect, test } from "vitest";
import { readAddress } from "./read-address.ts";

test("keeps everything that says where and who, in its encoding", () => {
  for (const url of [
    "postgresql://sms:p%40ss%2Fword@db.example:6432/sms?sslmode=require",
    "postgres://sms@[::1]:5432/sms",
    "postgresql://localhost/sms",
  ]) {
    expect(readAddress(url)).toEqual({ connectionString: url, options: "" });
  }
});

test("takes out what would win over our own settings", () => {
  const url =
    "postgresql://localhost/sms?options=-c%20search_path%3Dother&statement_timeout=0&sslmode=disable&application_name=x";
  expect(readAddress(url)).toEqual({
    connectionString: "postgresql://localhost/sms?sslmode=disable",
    options: "-c search_path=other",
  });
});

test("refuses what is no address of Postgres", () => {
  for (const url of ["", "sms", "mysql://localhost/sms"]) expect(() => readAddress(url)).toThrow(TypeError);
});
