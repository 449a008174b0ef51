// Everything that the chart and the read-out need to know of each shown tag, in the order of its picking.

import type { StreamedValue, Tag } from "../../api/types";
import { values } from "../../state/store";
import type { Readings } from "./readings";
import {
  carriedIn,
  cutAt,
  gapsOf,
  held,
  type Interval,
  joined,
  merged,
  readingOf,
  type Trace,
  withoutTip,
} from "./trace";

export type ShownTag = {
  id: string;
  /** undefined: being asked for; null: the service does not know it. */
  tag: Tag | null | undefined;
  unit: string;
  pen: number;
  trace: Trace;
  gaps: readonly Interval[];
};

type Given = {
  tags: readonly string[];
  known: ReadonlyMap<string, Tag | null>;
  readings: Readings;
  shown: Interval;
  knownToMs: number;
};

export function tracesOf({ tags, known, readings, shown, knownToMs }: Given): ShownTag[] {
  return tags.map((id, pen) => {
    const tag = known.get(id);
    const series = readings.history?.series.find((each) => each.tag === id);
    const value = values.value.get(id);
    const newest = value === undefined ? null : readingOf(value);
    const reachesNow = shown.endMs >= knownToMs - 60_000;
    const alive = value !== undefined && !value.stale && reachesNow;
    const all = readings.history?.gaps ?? [];
    const told = tag ? withoutTip(gapsOf(tag, all), shown.endMs, alive) : [];
    const gaps = reachesNow && value?.stale === true ? merged([...told, ...staleness(value, shown)]) : told;
    const points = carriedIn(joined(series, reachesNow ? (readings.live.get(id) ?? []) : [], id), newest, shown);
    return {
      id,
      tag,
      unit: tag?.unit ?? series?.unit ?? "",
      pen,
      trace: cutAt(held(points, gaps, shown, knownToMs), shown.startMs),
      gaps,
    };
  });
}

/** A value that is stale now is unknown since then, whether or not the history says so already. */
function staleness({ stale_since }: StreamedValue, shown: Interval): Interval[] {
  const startMs = stale_since === null ? Number.NaN : Date.parse(stale_since);
  return startMs < shown.endMs ? [{ startMs, endMs: shown.endMs }] : [];
}
