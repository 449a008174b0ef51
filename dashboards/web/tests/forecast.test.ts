import { describe, expect, it } from "vitest";
import type { Forecast, NoForecast, PeriodForecast } from "../src/api/types";
import { chance, signedTonnes } from "../src/format/number";
import { bandScale, commonReason, partsShown, placeOn } from "../src/pages/line/bandscale";

const said = {
  target_t: 6_300,
  median_t: 6_100,
  bands: [
    { share: 0.5, low_t: 6_000, high_t: 6_150 },
    { share: 0.9, low_t: 5_800, high_t: 6_250 },
  ],
} as PeriodForecast;

describe("the picture of a forecast", () => {
  it("holds every band and the target, in their order", () => {
    const scale = bandScale(said);
    const places = [5_800, 6_000, 6_100, 6_150, 6_250, 6_300].map((t) => placeOn(scale, t));
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(places[0]).toBeGreaterThan(3);
    expect(places.at(-1)).toBeLessThan(97);
  });

  it("still has a scale when the period is over and all is certain", () => {
    const over = { target_t: 70, median_t: 70, bands: [{ share: 0.8, low_t: 70, high_t: 70 }] } as PeriodForecast;
    expect(placeOn(bandScale(over), 70)).toBeCloseTo(50);
  });
});

describe("no forecast", () => {
  const short: NoForecast = { reason: "short_history" };
  const unknown: NoForecast = { reason: "mostly_unknown" };

  it.each([
    [short, short, short, "short_history"],
    [null, null, null, "not_yet"],
    [said, unknown, unknown, null],
    [said, said, said, null],
    [unknown, short, short, null],
  ])("is said once when the reason is one (%#)", (shift, month, year, expected) => {
    expect(commonReason({ origin: null, history_h: 0, needed_h: 336, shift, month, year } as Forecast)).toBe(expected);
  });
});

describe("a change", () => {
  it("shows the parts that show, greatest first", () => {
    expect(partsShown([["a", 0.04], ["b", -3], ["c", 8], ["d", 0.06]], 1)).toEqual([["c", 8], ["b", -3], ["d", 0.06]]);
  });

  it.each([
    [12.34, 1, "+12.3\u00a0t"],
    [-12.34, 0, "\u221212\u00a0t"],
    [0.04, 1, "0.0\u00a0t"],
  ])("is written with its sign: %d", (value, digits, written) => {
    expect(signedTonnes(value, digits)).toBe(written);
  });
});

describe("a chance", () => {
  it.each([
    [0, "0\u00a0%"],
    [0.0001, "<1\u00a0%"],
    [0.234, "23\u00a0%"],
    [0.9999, ">99\u00a0%"],
    [1, "100\u00a0%"],
  ])("is certain only when it is: %d", (p, written) => {
    expect(chance(p)).toBe(written);
  });
});
