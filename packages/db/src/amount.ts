/** Money as a decimal string, never as a floating-point number. */
export interface Amount {
  /** "0.0075" */
  readonly amount: string;
  /** ISO 4217. */
  readonly currency: string;
}

/** The column's six decimal places without the zeros that say nothing; null unless both parts are known. */
export function readAmount(amount: string | null, currency: string | null): Amount | null {
  if (amount === null || currency === null) return null;
  return { amount: amount.includes(".") ? amount.replace(/\.?0+$/, "") : amount, currency };
}
