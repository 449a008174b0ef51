// What a dictionary has to say.

import type { en } from "./en";

/** Every text of the dashboard; a dictionary with a missing or an extra key does not compile. */
export type Words = Same<typeof en>;
export type Same<T> = {
  [K in keyof T]: T[K] extends string ? string : T[K] extends (...a: never[]) => string ? T[K] : Same<T[K]>;
};
