// What the rationalisation of an alarm found, and what belongs to it.

import { call } from "./rest";
import type { Alarm, Quiet } from "./types";

export type Said = { en: string; zh: string };
/** respond_min: within so many minutes the response still helps. */
export type Guidance = { cause: Said; consequence: Said; response: Said; respond_min: number; owner: Said };

/** The other alarms whose root it is, the newest first. */
export const members = (id: string, limit: number) =>
  call<{ alarms: Alarm[] }>("GET", `alarms/${encodeURIComponent(id)}/members?limit=${limit}`);

/** One rule, and how often its alarms were raised: told, or kept quiet and why. most: the alarm raised most often. */
export type AlarmRule = {
  id: string;
  kind: string;
  shadow: boolean;
  alarms: number;
  standing: number;
  raised: number;
  told: number;
  quiet: Partial<Record<Quiet, number>>;
  most: string | null;
  most_raised: number;
  guidance: Guidance | null;
};

export const alarmRules = (startMs: number) =>
  call<{ start: string; end: string; rules: AlarmRule[] }>("GET", `alarms/rules?start=${startMs}`);
