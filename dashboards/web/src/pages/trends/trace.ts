// From history and live readings to what is drawn: a value holds until the next one while its item group
// was provably alive, and is not drawn where it was not. Pure.

import type { Reading as Said, Gap, Quality, Series, StreamedValue, Tag } from "../../api/types";

/** Columns of equal length, times rising strictly; a null ends the line at its time. */
export type Trace = {
  tag: string;
  timesMs: number[];
  values: (number | null)[];
  status: number[];
};
export type Interval = { startMs: number; endMs: number };
export type Reading = { timeMs: number; value: number | null; status: number };

const TIP_MS = 30_000;

/** Severity of an OPC UA StatusCode: the top two bits. */
export function qualityOf(status: number): Exclude<Quality, "none"> {
  const severity = status >>> 30;
  return severity === 0 ? "good" : severity === 1 ? "uncertain" : "bad";
}

/** A streamed value as a point of a trend; null for text, which has none, and for what has no time. */
export function readingOf(value: StreamedValue): Reading | null {
  if (value.time_ms === null || typeof value.value === "string") return null;
  return { timeMs: value.time_ms, value: numberOf(value.value), status: value.status };
}

/** On is one and off is zero; text has no height on a chart. */
function numberOf(value: Said): number | null {
  if (typeof value === "boolean") return Number(value);
  return typeof value === "number" ? value : null;
}

/** The gaps that concern one tag, disjoint and sorted. */
export function gapsOf(tag: Pick<Tag, "group">, gaps: readonly Gap[]): Interval[] {
  const mine = gaps.filter(({ group }) => group === tag.group);
  return merged(mine.map((gap) => ({ startMs: gap.start_ms, endMs: gap.end_ms })));
}

export function merged(intervals: readonly Interval[]): Interval[] {
  const result: Interval[] = [];
  for (const each of [...intervals].sort((a, b) => a.startMs - b.startMs)) {
    const last = result.at(-1);
    if (last !== undefined && each.startMs <= last.endMs) last.endMs = Math.max(last.endMs, each.endMs);
    else result.push({ ...each });
  }
  return result;
}

/** Where all of the lists have an interval; each list is disjoint and sorted. */
export function overlaps(lists: readonly (readonly Interval[])[]): Interval[] {
  const [first = [], ...others] = lists;
  return others.reduce<readonly Interval[]>(
    (common, next) =>
      common.flatMap((a) =>
        next
          .map((b) => ({ startMs: Math.max(a.startMs, b.startMs), endMs: Math.min(a.endMs, b.endMs) }))
          .filter(({ startMs, endMs }) => endMs > startMs),
      ),
    first,
  ).map((each) => ({ ...each }));
}

/** Proof of life comes a little late: a short gap at the newest edge of a living tag is no gap. */
export function withoutTip(gaps: readonly Interval[], endMs: number, alive: boolean): Interval[] {
  return gaps.filter((gap) => !(alive && gap.endMs >= endMs - 1000 && endMs - gap.startMs < TIP_MS));
}

/** All points of one tag, history first, then the live readings that are newer. */
export function joined(series: Series | undefined, live: readonly Reading[], tag: string): Trace {
  const trace: Trace = { tag, timesMs: [], values: [], status: [] };
  const rows = series?.times_ms.length ?? 0;
  for (let at = 0; at < rows; at += 1) {
    push(trace, series?.times_ms[at] ?? 0, numberOf(series?.values[at] ?? null), series?.status[at] ?? 0);
  }
  for (const { timeMs, value, status } of live) push(trace, timeMs, value, status);
  return trace;
}

/**
 * `trace` with its holds spelled out over `shown`: it ends at each gap, goes on with the last known value
 * when the gap is over, and reaches to `knownToMs` (now, or when the connection was lost).
 */
export function held(trace: Trace, gaps: readonly Interval[], shown: Interval, knownToMs: number): Trace {
  const result: Trace = { tag: trace.tag, timesMs: [], values: [], status: [] };
  const endMs = Math.min(shown.endMs, knownToMs);
  let at = 0;
  let last: Reading | undefined;
  for (const gap of gaps) {
    const before = pointsUntil(trace, at, gap.startMs);
    for (const point of before) push(result, point.timeMs, point.value, point.status);
    at += before.length;
    last = before.at(-1) ?? last;
    if (last !== undefined) push(result, gap.startMs, null, 0);

    const inside = pointsUntil(trace, at, gap.endMs);
    for (const point of inside) {
      if (point.value === null) continue; // a null inside a gap says that nothing is known of it
      push(result, point.timeMs, point.value, point.status);
      push(result, point.timeMs + 1, null, 0); // nothing proves that it lasted
      last = point;
    }
    at += inside.length;
    if (last !== undefined && gap.endMs < endMs && trace.timesMs[at] !== gap.endMs) {
      push(result, gap.endMs, last.value, last.status);
    }
  }
  const after = pointsUntil(trace, at, Number.POSITIVE_INFINITY);
  for (const point of after) push(result, point.timeMs, point.value, point.status);
  last = after.at(-1) ?? last;
  const inGap = gaps.some((gap) => gap.startMs <= endMs && endMs <= gap.endMs);
  if (last !== undefined && !inGap) push(result, endMs, last.value, last.status);
  return result;
}

/**
 * `trace` without what is older than `startMs`: what held then stands at `startMs` itself. The chart finds
 * room for the points in view only, and a line that comes in from the side must not leave it.
 */
export function cutAt(trace: Trace, startMs: number): Trace {
  const from = trace.timesMs.findIndex((timeMs) => timeMs >= startMs);
  const result: Trace = { tag: trace.tag, timesMs: [], values: [], status: [] };
  if (from === -1) return result; // it ended before
  if (from > 0) push(result, startMs, trace.values[from - 1] ?? null, trace.status[from - 1] ?? 0);
  for (const point of pointsUntil(trace, from, Number.POSITIVE_INFINITY)) {
    push(result, point.timeMs, point.value, point.status);
  }
  return result;
}

/** The points from place `at` on whose time is before `untilMs`. */
function pointsUntil(trace: Trace, at: number, untilMs: number): Reading[] {
  const points: Reading[] = [];
  for (let next = at; next < trace.timesMs.length; next += 1) {
    const timeMs = trace.timesMs[next] ?? 0;
    if (timeMs >= untilMs) break;
    points.push({ timeMs, value: trace.values[next] ?? null, status: trace.status[next] ?? 0 });
  }
  return points;
}

/** A reading from before the shown interval, moved to its begin: it has held since. */
export function carriedIn(trace: Trace, newest: Reading | null, shown: Interval): Trace {
  if (newest === null || trace.timesMs.length > 0 || newest.timeMs >= shown.startMs) return trace;
  return { tag: trace.tag, timesMs: [shown.startMs], values: [newest.value], status: [newest.status] };
}

/** What held at an instant; null where nothing is known. */
export function valueAt(trace: Trace, timeMs: number): { value: number | null; status: number } | null {
  let low = 0;
  let high = trace.timesMs.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((trace.timesMs[middle] ?? 0) <= timeMs) low = middle + 1;
    else high = middle;
  }
  if (low === 0) return null;
  const newestMs = trace.timesMs.at(-1) ?? 0;
  if (timeMs > newestMs) return null;
  const value = trace.values[low - 1] ?? null;
  const status = trace.status[low - 1] ?? 0;
  return value === null && qualityOf(status) === "good" ? null : { value, status };
}

/** The intervals in which a held value had this quality. */
export function intervalsOf(trace: Trace, quality: "bad" | "uncertain"): Interval[] {
  const found: Interval[] = [];
  for (let at = 0; at < trace.timesMs.length; at += 1) {
    if (qualityOf(trace.status[at] ?? 0) !== quality) continue;
    const startMs = trace.timesMs[at] ?? 0;
    found.push({ startMs, endMs: trace.timesMs[at + 1] ?? startMs });
  }
  return merged(found);
}

/** Appends a point; of two at one instant the later one counts, and older ones are not taken. */
function push(trace: Trace, timeMs: number, value: number | null, status: number): void {
  const last = trace.timesMs.length - 1;
  const lastMs = trace.timesMs[last];
  if (lastMs !== undefined && timeMs < lastMs) return;
  const at = lastMs === timeMs ? last : last + 1;
  trace.timesMs[at] = timeMs;
  trace.values[at] = value;
  trace.status[at] = status;
}
