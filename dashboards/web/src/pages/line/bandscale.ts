// Where a forecast's bands and its target stand on a picture that shows both.

import type { Forecast, NoForecast, PeriodForecast } from "../../api/types";

const MARGIN = 0.06;

/** The tonnes at the picture's left and right edge: the widest band and the target, with a margin. */
export function bandScale({ bands, target_t, median_t }: PeriodForecast): { from: number; to: number } {
  const shown = [target_t, median_t, ...bands.flatMap(({ low_t, high_t }) => [low_t, high_t])];
  const [least, most] = [Math.min(...shown), Math.max(...shown)];
  const margin = Math.max((most - least) * MARGIN, Math.abs(most) * 1e-6, 1e-9);
  return { from: least - margin, to: most + margin };
}

/** Percent from the left edge at which `value` stands. */
export function placeOn({ from, to }: { from: number; to: number }, value: number): number {
  return Math.min(100, Math.max(0, (100 * (value - from)) / (to - from)));
}

/** Why no period has a forecast, when it is the same for all; null when one has, or the reasons differ. */
export function commonReason({ shift, month, year }: Forecast): NoForecast["reason"] | "not_yet" | null {
  const reasons = [shift, month, year].map((said) => (said === null ? "not_yet" : "reason" in said ? said.reason : null));
  const [first = null] = reasons;
  return reasons.every((reason) => reason === first) ? first : null;
}

/** The parts of a change that show at `digits` places, greatest first. */
export function partsShown<Name extends string>(
  parts: readonly (readonly [Name, number])[],
  digits: number,
): (readonly [Name, number])[] {
  const least = 0.5 * 10 ** -digits;
  return parts.filter(([, tonnes]) => Math.abs(tonnes) >= least).sort((a, b) => Math.abs(b[1]) - Math.abs(a[1]));
}
