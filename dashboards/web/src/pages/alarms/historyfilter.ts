// What the address says of which past alarms are shown, and what the service is asked for.

import type { HistoryFilter } from "../../api/alarmhistory";
import { fromPlant } from "../../format/time";

export const RANGES = ["day", "week", "month", "all", "between"] as const;
export type HistoryRange = (typeof RANGES)[number];
const DAY_MS = 86_400_000;
const lengthMs: Partial<Record<HistoryRange, number>> = { day: DAY_MS, week: 7 * DAY_MS, month: 30 * DAY_MS };

/** What stands in the controls; from and to are plant times, "2026-11-23T22:41". */
export type HistoryAsked = Omit<HistoryFilter, "start" | "end"> & { range: HistoryRange; from: string; to: string };
const PLAIN = ["stage", "rule", "priority", "state", "text", "person", "quiet"] as const;

export function askedOf(params: URLSearchParams): HistoryAsked {
  const said = (name: string) => params.get(name) ?? "";
  const plain = Object.fromEntries(PLAIN.map((name) => [name, said(name)])) as Record<(typeof PLAIN)[number], string>;
  const range = RANGES.find((each) => each === said("range")) ?? "month";
  return { ...plain, range, from: said("from"), to: said("to") };
}

/** Parameters of the address; the usual range is not written. */
export function paramsOf(asked: HistoryAsked): Record<string, string> {
  const { range, from, to, ...plain } = asked;
  return {
    ...plain,
    range: range === "month" ? "" : range,
    from: range === "between" ? from : "",
    to: range === "between" ? to : "",
  };
}

/** A time of day that is not finished yet bounds nothing. */
export function filterOf(asked: HistoryAsked, nowMs: number, timeZone: string): HistoryFilter {
  const { range, from, to, ...plain } = asked;
  const length = lengthMs[range];
  const iso = (ms: number | null) => (ms === null ? "" : new Date(ms).toISOString());
  if (range === "between") return { ...plain, start: iso(fromPlant(from, timeZone)), end: iso(fromPlant(to, timeZone)) };
  return { ...plain, start: length === undefined ? "" : iso(nowMs - length), end: "" };
}

export function isPlain(asked: HistoryAsked): boolean {
  return asked.range === "month" && PLAIN.every((name) => asked[name] === "");
}
