// How a pane looks and behaves, in uPlot's words.

import uPlot from "uplot";
import { digitsForStep, fixed } from "../../format/number";
import { plantTime } from "../../format/time";
import { timeZone } from "../../state/store";
import { words } from "../../words";
import type { PaneProps } from "./pane";
import { penOf, styleOf } from "./pens";
import type { ShownTag } from "./traces";

const AXIS_PX = 66;
/** Height of the time labels: the clock, and the date below it. */
export const LABELS_PX = 44;
/** Height of a time axis without labels. */
const TICKS_PX = 8;
const FONT = '12px "Segoe UI", "Noto Sans", "Noto Sans CJK SC", system-ui, sans-serif';
const DAY_MS = 86_400_000;

/** `current` gives the pane as it is now: what is drawn changes without making the chart anew. */
export function optionsOf(current: () => PaneProps): uPlot.Options {
  const { units, tags, width, height, last, cursorMs } = current();
  const zone = timeZone.value;
  const scaleOf = (unit: string) => `y${units.indexOf(unit)}`;
  return {
    width,
    height,
    ms: 1,
    tzDate: (ms) => uPlot.tzDate(new Date(ms), zone),
    legend: { show: false },
    padding: [10, units.length === 1 ? 18 : 0, 0, 0],
    cursor: {
      sync: { key: "anodewatch-trends", scales: ["x", null] },
      drag: { x: true, y: false, setScale: false },
      points: { size: 7 },
      bind: {
        dblclick: () => () => {
          current().onBack();
          return null;
        },
      },
    },
    scales: {
      x: { time: true, range: () => [current().shown.startMs, current().shown.endMs] },
      ...Object.fromEntries(units.map((unit) => [scaleOf(unit), { range: yRange }])),
    },
    axes: [
      {
        ...axisLook(),
        values: (_, splits) => (last ? timeLabels(splits, zone) : splits.map(() => "")),
        space: 80,
        size: last ? LABELS_PX + TICKS_PX : TICKS_PX,
      },
      ...units.map((unit, place): uPlot.Axis => ({
        ...axisLook(),
        scale: scaleOf(unit),
        side: place === 0 ? 3 : 1,
        size: AXIS_PX,
        label: unit === "" ? words.value.trends.noUnit : unit,
        labelSize: 18,
        labelFont: FONT,
        grid: { show: place === 0, stroke: styleOf("--grid"), width: 1 },
        values: (_, splits) => valueLabels(splits),
        ...(tags.every((shown) => shown.unit !== unit || isStepped(shown)) ? { incrs: [1, 2, 5, 10, 20, 50, 100] } : {}),
      })),
    ],
    series: [
      {},
      ...tags.map((shown): uPlot.Series => {
        const { colour, dash } = penOf(shown.pen);
        return {
          label: shown.id,
          scale: scaleOf(shown.unit),
          stroke: colour,
          width: 2,
          dash: [...dash],
          spanGaps: false,
          // A value holds until the next one comes.
          ...(uPlot.paths.stepped === undefined ? {} : { paths: uPlot.paths.stepped({ align: 1 }) }),
          points: { size: 5 },
        };
      }),
    ],
    hooks: {
      setCursor: [
        (plot) => {
          const left = plot.cursor.left ?? -1;
          cursorMs.value = left < 0 ? null : plot.posToVal(left, "x");
        },
      ],
      setSelect: [
        (plot) => {
          const { left, width: chosen } = plot.select;
          if (chosen < 4) return;
          const [fromMs, toMs] = [plot.posToVal(left, "x"), plot.posToVal(left + chosen, "x")];
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          current().onZoom(fromMs, toMs);
        },
      ],
    },
  };
}

/** What has only whole values: nothing lies between on and off. */
function isStepped({ tag }: ShownTag): boolean {
  return tag?.kind === "boolean" || tag?.kind === "state";
}

function axisLook(): uPlot.Axis {
  return {
    stroke: styleOf("--text-dim"),
    font: FONT,
    grid: { stroke: styleOf("--grid"), width: 1 },
    ticks: { stroke: styleOf("--grid"), width: 1, size: 5 },
  };
}

/** Room above and below; a line that does not move stands in the middle. */
function yRange(_: uPlot, low: number | null, high: number | null): [number, number] {
  if (low === null || high === null) return [0, 1];
  if (low === high) {
    const around = Math.max(Math.abs(low) * 0.01, 0.5);
    return [low - around, high + around];
  }
  const room = (high - low) * 0.1;
  return [low - room, high + room];
}

/** Plant times; the date is written where a new day begins, and at the first label. */
function timeLabels(splits: readonly number[], zone: string): string[] {
  const step = (splits[1] ?? DAY_MS) - (splits[0] ?? 0);
  let day = "";
  return splits.map((ms) => {
    const { date, time } = plantTime(ms, zone);
    const clock = step < 60_000 ? time : time.slice(0, 5);
    const isNewDay = date !== day;
    day = date;
    if (step >= DAY_MS) return date.slice(5);
    return isNewDay ? `${clock}\n${date.slice(5)}` : clock;
  });
}

function valueLabels(splits: readonly number[]): string[] {
  const digits = digitsForStep((splits[1] ?? 1) - (splits[0] ?? 0));
  return splits.map((value) => fixed(value, digits));
}
