import { describe, expect, it } from "vitest";
import type { Series, StreamedValue } from "../src/api/types";
import {
  carriedIn,
  cutAt,
  gapsOf,
  held,
  intervalsOf,
  joined,
  merged,
  overlaps,
  qualityOf,
  readingOf,
  type Trace,
  valueAt,
  withoutTip,
} from "../src/pages/trends/trace";

const BAD = 0x80310000;
const UNCERTAIN = 0x40910000;
const shown = { startMs: 0, endMs: 100 };

function trace(...points: [number, number | null, number?][]): Trace {
  return {
    tag: "a",
    timesMs: points.map(([timeMs]) => timeMs),
    values: points.map(([, value]) => value),
    status: points.map(([, , status]) => status ?? 0),
  };
}
const points = ({ timesMs, values }: Trace) => timesMs.map((timeMs, at) => [timeMs, values[at]]);

describe("a value holds while its group is alive", () => {
  it("reaches to the end of what is shown", () => {
    expect(points(held(trace([10, 1], [20, 2]), [], shown, 500))).toEqual([[10, 1], [20, 2], [100, 2]]);
  });

  it("reaches only to where the connection was lost", () => {
    expect(points(held(trace([10, 1]), [], shown, 60))).toEqual([[10, 1], [60, 1]]);
  });

  it("ends at a gap and goes on behind it", () => {
    expect(points(held(trace([10, 1], [80, 2]), [{ startMs: 30, endMs: 50 }], shown, 500))).toEqual([
      [10, 1], [30, null], [50, 1], [80, 2], [100, 2],
    ]);
  });

  it("does not go on when the gap reaches the end", () => {
    expect(points(held(trace([10, 1]), [{ startMs: 30, endMs: 100 }], shown, 500))).toEqual([[10, 1], [30, null]]);
  });

  it("does not invent a value before the first one", () => {
    expect(points(held(trace([60, 1]), [{ startMs: 0, endMs: 50 }], shown, 500))).toEqual([[60, 1], [100, 1]]);
  });

  it("shows a value inside a gap as a point, and goes on with it behind the gap", () => {
    expect(points(held(trace([10, 1], [40, 5]), [{ startMs: 30, endMs: 50 }], shown, 500))).toEqual([
      [10, 1], [30, null], [40, 5], [41, null], [50, 5], [100, 5],
    ]);
  });

  it("prefers the service's own value at the end of a gap", () => {
    expect(points(held(trace([10, 1], [50, 7]), [{ startMs: 30, endMs: 50 }], shown, 500))).toEqual([
      [10, 1], [30, null], [50, 7], [100, 7],
    ]);
  });

  it("takes a null inside a gap for not known, and one outside for what was said", () => {
    const given = trace([10, 1], [40, null, BAD], [60, null, BAD]);
    expect(points(held(given, [{ startMs: 30, endMs: 50 }], shown, 500))).toEqual([
      [10, 1], [30, null], [50, 1], [60, null], [100, null],
    ]);
  });

  it("is empty without points", () => {
    expect(points(held(trace(), [{ startMs: 30, endMs: 50 }], shown, 500))).toEqual([]);
  });
});

describe("what held at the begin of what is shown", () => {
  const from = (...given: Parameters<typeof trace>) => points(cutAt(held(trace(...given), [], shown, 500), 0));

  it("comes in at its edge", () => {
    expect(from([-40, 7])).toEqual([[0, 7], [100, 7]]);
    expect(from([-90, 3], [-40, 7], [60, 8])).toEqual([[0, 7], [60, 8], [100, 8]]);
    expect(from([-40, 7], [0, 8])).toEqual([[0, 8], [100, 8]]);
  });

  it("is nothing where a null or nothing held", () => {
    expect(from([-90, 3], [-40, null, BAD], [60, 8])).toEqual([[0, null], [60, 8], [100, 8]]);
    expect(from([60, 8])).toEqual([[60, 8], [100, 8]]);
    expect(points(cutAt(trace(), 0))).toEqual([]);
    expect(points(cutAt(held(trace([-40, 7]), [], shown, -10), 0))).toEqual([]);
  });

  it("goes on behind a gap", () => {
    const after = held(trace([-40, 7]), [{ startMs: 30, endMs: 50 }], shown, 500);
    expect(points(cutAt(after, 0))).toEqual([[0, 7], [30, null], [50, 7], [100, 7]]);
  });
});

describe("gaps", () => {
  const gaps = [
    { group: "plant/main", start_ms: 10, end_ms: 20 },
    { group: "plant/slow", start_ms: 15, end_ms: 30 },
    { group: "plant2/main", start_ms: 50, end_ms: 60 },
  ];

  it("concern the tag's own group", () => {
    expect(gapsOf({ group: "plant/slow" }, gaps)).toEqual([{ startMs: 15, endMs: 30 }]);
    expect(gapsOf({ group: "lab/main" }, gaps)).toEqual([]);
  });

  it("merge where they touch", () => {
    expect(merged([{ startMs: 5, endMs: 9 }, { startMs: 0, endMs: 5 }, { startMs: 20, endMs: 21 }])).toEqual([
      { startMs: 0, endMs: 9 },
      { startMs: 20, endMs: 21 },
    ]);
  });

  it("of all lines are where every list has one", () => {
    const a = [{ startMs: 0, endMs: 10 }, { startMs: 20, endMs: 30 }];
    const b = [{ startMs: 5, endMs: 25 }];
    expect(overlaps([a, b])).toEqual([{ startMs: 5, endMs: 10 }, { startMs: 20, endMs: 25 }]);
    expect(overlaps([a])).toEqual(a);
    expect(overlaps([a, []])).toEqual([]);
    expect(overlaps([])).toEqual([]);
  });

  it("at the newest edge are no gaps while the tag is alive", () => {
    const tip = { startMs: 90_000, endMs: 100_000 };
    const old = { startMs: 10_000, endMs: 20_000 };
    expect(withoutTip([old, tip], 100_000, true)).toEqual([old]);
    expect(withoutTip([old, tip], 100_000, false)).toEqual([old, tip]);
  });
});

describe("points", () => {
  const series: Series = { tag: "a", unit: "°C", kind: "analog", times_ms: [10, 20, 20], values: [1, 2, 3], status: [0, 0, 0] };

  it("of one instant: the last counts; older live readings are not taken", () => {
    const live = [
      { timeMs: 15, value: 9, status: 0 },
      { timeMs: 30, value: 4, status: 0 },
    ];
    expect(points(joined(series, live, "a"))).toEqual([[10, 1], [20, 3], [30, 4]]);
    expect(points(joined(undefined, live, "a"))).toEqual([[15, 9], [30, 4]]);
    const switched: Series = { ...series, kind: "boolean", values: [true, false, null] };
    expect(joined(switched, [], "a").values).toEqual([1, null]);
  });

  it("carry an old reading into an empty interval, and no other", () => {
    const old = { timeMs: -500, value: 7, status: 0 };
    expect(points(carriedIn(trace(), old, shown))).toEqual([[0, 7]]);
    expect(points(carriedIn(trace([5, 1]), old, shown))).toEqual([[5, 1]]);
    expect(points(carriedIn(trace(), { ...old, timeMs: 50 }, shown))).toEqual([]);
    expect(points(carriedIn(trace(), null, shown))).toEqual([]);
  });

  it.each([
    [true, 1],
    [false, 0],
    [4.5, 4.5],
    [null, null],
  ])("of a streamed %s", (value, number) => {
    expect(readingOf(streamed(value))).toEqual({ timeMs: 5, value: number, status: 0 });
  });

  it("has none for text, nor without a time", () => {
    expect(readingOf(streamed("LOT-7"))).toBeNull();
    expect(readingOf({ ...streamed(1), time_ms: null })).toBeNull();
  });

  function streamed(value: StreamedValue["value"]): StreamedValue {
    return { tag: "a", value, time_ms: 5, received: null, status: 0, quality: "good", stale: false, stale_since: null };
  }
});

describe("reading under the cursor", () => {
  const given = trace([10, 1], [30, null], [50, 2], [60, null, BAD], [70, 3, UNCERTAIN], [100, 3, UNCERTAIN]);

  it.each<[number, ReturnType<typeof valueAt>]>([
    [9, null],
    [10, { value: 1, status: 0 }],
    [29, { value: 1, status: 0 }],
    [35, null],
    [65, { value: null, status: BAD }],
    [99, { value: 3, status: UNCERTAIN }],
    [101, null],
  ])("at %d", (at, found) => expect(valueAt(given, at)).toEqual(found));

  it("knows where quality was not good", () => {
    expect(intervalsOf(given, "bad")).toEqual([{ startMs: 60, endMs: 70 }]);
    expect(intervalsOf(given, "uncertain")).toEqual([{ startMs: 70, endMs: 100 }]);
  });

  it.each([
    [0, "good"],
    [UNCERTAIN, "uncertain"],
    [BAD, "bad"],
    [0xc0000000, "bad"],
  ])("status %d is %s", (status, quality) => expect(qualityOf(status)).toBe(quality));
});
