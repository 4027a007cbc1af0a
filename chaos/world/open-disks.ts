import { mayMountDisks, mountSmallDisk, type SmallDisk } from "@sms-gateway/testkit";

/** One small disk per server. */
export interface Disks {
  readonly byServer: Readonly<Record<"postgres" | "rabbitmq", SmallDisk>>;
  close(): Promise<void>;
}

/** Room for a run's data, and quickly full. */
const SIZE_MIB = 1024;

/** Whether this user may have any. */
export const MAY_OPEN_DISKS = mayMountDisks();

/** Opens them below the run's folder. */
export async function openDisks(folder: string): Promise<Disks> {
  const [postgres, rabbitmq] = [await mountSmallDisk(SIZE_MIB, folder), await mountSmallDisk(SIZE_MIB, folder)];
  return {
    byServer: { postgres, rabbitmq },
    async close() {
      await postgres.unmount();
      await rabbitmq.unmount();
    },
  };
}
