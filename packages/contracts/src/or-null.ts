import { type TSchema, Type } from "typebox";

/** A value that may be missing but is always present in JSON, as `null`. */
export function orNull<T extends TSchema>(schema: T) {
  return Type.Union([schema, Type.Null()]);
}
