// The invented plant's forecast: in trouble the month is hardly reached, and of the year too little is known.

import { production } from "./plant.mjs";

/** @import { Forecast, PeriodForecast, Window } from "../src/api/types" */
/** @import { Scene } from "./plant.mjs" */

const HOUR = 3_600_000;

/** @param {number} nowMs @param {Scene} scene @returns {Forecast} */
export function forecast(nowMs, scene) {
  const origin = Math.floor(nowMs / HOUR) * HOUR;
  const { shift, month, year } = production(nowMs, scene).output.windows;
  const trouble = scene === "trouble";
  return {
    origin: new Date(origin).toISOString(),
    history_h: 4_320,
    needed_h: 336,
    shift: period(shift, { target: 70.7, middle: trouble ? 66.2 : 71.9, spread: 2.1, p: trouble ? 0.02 : 0.71, change: null }),
    month: period(month, {
      target: 6_363,
      middle: trouble ? 6_121 : 6_402,
      spread: trouble ? 128 : 96,
      p: trouble ? 0.034 : 0.66,
      change: trouble ? [-41.2, 2.1, -18.6, 0, -3.4] : [6.1, -1.2, 0.4, 0, 0],
    }),
    year: trouble
      ? { reason: "mostly_unknown" }
      : period(year, { target: 70_000, middle: 70_410, spread: 730, p: 0.712, change: [6.1, -38, 12, -212.2, 0.3] }),
  };
}

/**
 * @param {Window} window
 * @param {{ target: number, middle: number, spread: number, p: number, change: number[] | null }} said
 * @returns {PeriodForecast}
 */
function period(window, { target, middle, spread, p, change }) {
  const [produced_t = 0, rate_t = 0, availability_t = 0, calendar_t = 0, now_t = 0] = change ?? [];
  return {
    start: window.start,
    end: window.end,
    target_t: target,
    produced_t: window.actual_t ?? 0,
    unknown_h: 0,
    left_h: 100,
    expected_t: middle,
    median_t: middle,
    bands: [[0.5, 0.67], [0.8, 1.28], [0.9, 1.64]].map(([share = 0, width = 0]) => ({
      share,
      low_t: middle - width * spread * 1.15,
      high_t: middle + width * spread * 0.9,
    })),
    p_target: p,
    rate_t_per_h: 9.1,
    availability: 0.96,
    change:
      change === null
        ? null
        : {
            since: new Date(Date.parse(window.end) - 24 * HOUR).toISOString(),
            p_target_before: Math.min(1, p + 0.08),
            target_before_t: target,
            total_t: produced_t + rate_t + availability_t + calendar_t + now_t,
            produced_t,
            rate_t,
            availability_t,
            calendar_t,
            now_t,
          },
  };
}
