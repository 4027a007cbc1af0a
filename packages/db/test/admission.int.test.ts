import type { Admission } from "@sms-gateway/contracts";
import { type AdmissionHarness, admissionContract, describeWith, openFaultyNetwork } from "@sms-gateway/testkit";
import { createDbAdmission, type Database, type DbAdmissionOptions, openDatabase } from "../src/index.ts";
import { ask } from "./ask.ts";
import { useDatabase } from "./test-database.ts";

/** A lost answer should be known to be lost soon; all others are given the time of a loaded machine. */
/** So that four steps that each wait for it take longer than any bound. */
const FAULTY = { answerTimeoutMs: 2_000 };
const PATIENT = { answerTimeoutMs: 10_000 };

describeWith("postgres", "the admission on Postgres", (adminUrl) => {
  const database = useDatabase(adminUrl);

  admissionContract("db", async (): Promise<AdmissionHarness> => {
    const onlooker = database.open(1);
    const networks: { close(): Promise<void> }[] = [];
    const opened: { readonly db: Database; readonly admission: Admission }[] = [];
    const open = (db: Database, options: DbAdmissionOptions) => {
      const admission = createDbAdmission(db, options);
      opened.push({ db, admission });
      return admission;
    };
    return {
      openGateway: async (options) => open(database.open(), { ...PATIENT, ...options }),
      openFaultyGateway: async () => {
        const { hostname, port } = new URL(database.url());
        const network = await openFaultyNetwork({ host: hostname, port: Number(port || 5432) });
        networks.push(network);
        const through = new URL(database.url());
        through.host = `127.0.0.1:${network.port}`;
        const db = openDatabase({ url: through.href, poolMax: 2 });
        return { admission: open(db, FAULTY), network };
      },
      readQuota: async (clientId, day) => {
        const [row] = await ask<{ used: string }>(
          onlooker,
          "select used from admission_quotas where client_id = $1 and day = $2",
          [clientId, day],
        );
        return Number(row?.used ?? 0);
      },
      close: async () => {
        await Promise.all(opened.map(({ admission }) => admission.close()));
        await Promise.all(opened.map(({ db }) => db.close()));
        await Promise.all(networks.map((network) => network.close()));
      },
    };
  });
});
