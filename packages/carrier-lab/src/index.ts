export { type LabAccount, labAccount } from "./accounts/lab-account.ts";
export { buildCarrierLab, type CarrierLabOptions } from "./build-carrier-lab.ts";
