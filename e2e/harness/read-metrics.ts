import { callHttp } from "./http-calls.ts";

/** One sample of a service's metrics. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** The samples of one metric, as a Prometheus would read them. */
export async function readMetric(serviceUrl: string, name: string): Promise<Sample[]> {
  const { text } = await callHttp(`${serviceUrl}/metrics`);
  const line = new RegExp(`^${name}(?:\\{([^}]*)\\})? (\\S+)$`, "gm");
  return [...text.matchAll(line)].map(([, labels = "", value]) => ({
    labels: Object.fromEntries([...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, label = "", is = ""]) => [label, is])),
    value: Number(value),
  }));
}

/** Resident memory of a service's process, in MiB. */
export async function readMemoryMib(serviceUrl: string): Promise<number> {
  const [sample] = await readMetric(serviceUrl, "process_resident_memory_bytes");
  if (sample === undefined) throw new Error(`${serviceUrl} tells no memory`);
  return sample.value / 1_048_576;
}
