// What the service says of alarms that were, and of how they load the operators; forms as in types.ts.

import type { Alarm, Priority, Quiet } from "./types";

export const QUIET_REASONS = ["shelved", "suppressed", "out_of_service", "inhibited", "shadow", "chattering"] as const satisfies readonly Quiet[];

/** Which alarms; what is empty does not matter. start, end: instants, RFC 3339. */
export type HistoryFilter = {
  start: string;
  end: string;
  stage: string;
  rule: string;
  priority: string;
  state: string;
  text: string;
  person: string;
  quiet: string;
};
/** next: names the page that follows; null at the end. */
export type AlarmPage = { alarms: Alarm[]; next: string | null };

export const INDICATORS = [
  "per_hour",
  "most_in_period",
  "crowded_share",
  "flood_share",
  "top_share",
  "chattering",
  "fleeting",
  "most_stale",
] as const;
export type IndicatorName = (typeof INDICATORS)[number];
export const MIX = ["critical_share", "high_share", "medium_share"] as const;
export type MixName = (typeof MIX)[number];
export type Level = "good" | "tolerable" | "bad" | "unjudged";

export type AlarmFlood = { start: string; end: string | null; alarms: number };
export type FrequentAlarm = { definition: string; calls: number; share: number };
/** Of one operator position, or of the plant, whose operators share its alarms evenly. */
export type AlarmIndicators = {
  operators: number;
  known_h: number;
  calls: number;
  quiet: Partial<Record<Quiet, number>>;
  per_hour: number | null;
  per_10_min: number | null;
  most_in_period: number;
  crowded_share: number | null;
  floods: AlarmFlood[];
  flood_share: number | null;
  top: FrequentAlarm[];
  top_share: number | null;
  chattering: string[];
  fleeting: number;
  stale: string[];
  most_stale: number;
  priorities: Record<Priority, number>;
  acknowledging: { acknowledged: number; open: number; median_s: number | null; p95_s: number | null };
  standing: number;
  shelved: number;
  suppressed: number;
  out_of_service: number;
  levels: Record<IndicatorName | MixName, Level>;
};
export type NamedAlarm = {
  rule: string;
  asset: string;
  stage: string | null;
  priority: Priority;
  message_en: string;
  message_zh: string;
};
export type AlarmKpiPeriod = {
  start: string;
  end: string;
  shift: string | null;
  plant: AlarmIndicators;
  positions: Record<string, AlarmIndicators>;
  names: Record<string, NamedAlarm>;
};
export type AlarmTarget = { indicator: IndicatorName | MixName; good: number; limit: number };
export type AlarmKpis = { targets: AlarmTarget[]; periods: AlarmKpiPeriod[] };

/** The query of a filter, without what does not matter. */
export function queryOf(filter: HistoryFilter): string {
  return new URLSearchParams(Object.entries(filter).filter(([, value]) => value !== "")).toString();
}
