import { expect, test } from "vitest";
import { checkCallbackUrl } from "./check-callback-url.ts";

test.each([
  "https://yourapp.com/webhook/sms",
  "https://example.com:8443/x?y=1#z",
  "https://93.184.216.34/hook",
  "https://[2606:4700::1111]/hook",
  "https://bücher.example/hook",
])("%s may be called", (url) => {
  expect(checkCallbackUrl(url, [])).toBeUndefined();
});

test.each([
  ["nonsense", "complete https address"],
  ["/relative", "complete https address"],
  ["http://yourapp.com/hook", "begin with https"],
  ["ftp://yourapp.com/hook", "begin with https"],
  ["javascript:alert(1)", "begin with https"],
  ["https://user:pass@yourapp.com/", "user name or password"],
  ["https://your app.com/", "spaces"],
  [" https://yourapp.com/", "spaces"],
  ["https://yourapp.com/\nX: y", "spaces"],
  ["https://localhost/", "public"],
  ["https://LOCALHOST./", "public"],
  ["https://intranet/", "public"],
  ["https://intranet./", "public"],
  ["https://printer.local/", "public"],
  ["https://metadata.google.internal/", "public"],
  ["https://127.0.0.1/", "public"],
  ["https://127.1/", "public"],
  ["https://0x7f000001/", "public"],
  ["https://2130706433/", "public"],
  ["https://10.1.2.3/", "public"],
  ["https://172.31.255.255/", "public"],
  ["https://192.168.0.1/", "public"],
  ["https://100.64.0.1/", "public"],
  ["https://169.254.169.254/latest/meta-data", "public"],
  ["https://224.0.0.1/", "public"],
  ["https://255.255.255.255/", "public"],
  ["https://[::1]/", "public"],
  ["https://[::]/", "public"],
  ["https://[::ffff:10.0.0.1]/", "public"],
  ["https://[::ffff:a9fe:a9fe]/", "public"],
  ["https://[64:ff9b::a00:1]/", "public"],
  ["https://[2002:a00:1::]/", "public"],
  ["https://[fe80::1]/", "public"],
  ["https://[fec0::1]/", "public"],
  ["https://[fd00::1]/", "public"],
  ["https://[ff02::1]/", "public"],
])("%j may not be called: %s", (url, problem) => {
  expect(checkCallbackUrl(url, [])).toContain(problem);
});

test("a private host may be called, by http too, when it is allowed by name", () => {
  const allowed = ["hooks", "10.0.0.5", "Printer.local", "::1"];
  for (const url of [
    "http://hooks/x",
    "https://hooks./x",
    "http://10.0.0.5:9000/",
    "http://printer.LOCAL/",
    "http://[::1]/",
  ]) {
    expect(checkCallbackUrl(url, allowed)).toBeUndefined();
  }
  expect(checkCallbackUrl("http://10.0.0.6/", allowed)).toContain("https");
  expect(checkCallbackUrl("ftp://hooks/", allowed)).toContain("https");
});
