/** A dependency that a service needs before it can serve. */
export interface ReadinessCheck {
  /** Name in the answer of `/readyz`, for example `rabbitmq`. */
  readonly name: string;
  /** Asks the dependency. `detail` is shown to anyone who can reach `/readyz`: no addresses, no credentials. */
  check(): Promise<ReadinessResult>;
}

/** What a check found. */
export interface ReadinessResult {
  readonly ok: boolean;
  readonly detail?: string | undefined;
}

/** What a probe found; `error` is what the check threw, for the log only. */
export interface ProbeResult extends ReadinessResult {
  readonly error?: unknown;
}

/**
 * Makes a function that runs a check and gives up waiting after `timeoutMs`. A check that is still under way is waited
 * for again instead of being started once more, so a hanging dependency is never asked twice at a time.
 */
export function createReadinessProbe(
  { check }: Pick<ReadinessCheck, "check">,
  timeoutMs: number,
): () => Promise<ProbeResult> {
  let underWay: Promise<ProbeResult> | undefined;

  async function runCheck(): Promise<ProbeResult> {
    try {
      return await check();
    } catch (error) {
      return { ok: false, detail: "check failed", error };
    } finally {
      underWay = undefined;
    }
  }

  return async function probe() {
    underWay ??= runCheck();
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<ProbeResult>((resolve) => {
      timer = setTimeout(() => resolve({ ok: false, detail: `no answer within ${timeoutMs} ms` }), timeoutMs);
    });
    try {
      return await Promise.race([underWay, timeout]);
    } finally {
      clearTimeout(timer);
    }
  };
}
