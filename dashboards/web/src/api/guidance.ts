// What the rationalisation of an alarm found, and what belongs to it.

import { call } from "./rest";
import type { Alarm } from "./types";

export type Said = { en: string; zh: string };
/** respond_min: within so many minutes the response still helps. */
export type Guidance = { cause: Said; consequence: Said; response: Said; respond_min: number; owner: Said };

/** The other alarms whose root it is, the newest first. */
export const members = (id: string, limit: number) =>
  call<{ alarms: Alarm[] }>("GET", `alarms/${encodeURIComponent(id)}/members?limit=${limit}`);
