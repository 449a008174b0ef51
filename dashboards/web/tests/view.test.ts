import { describe, expect, it } from "vitest";
import { panesOf } from "../src/pages/trends/panes";
import { dragged, hashOfView, intervalOf, moved, parseView, type Span, zoomed } from "../src/pages/trends/view";
import { hashOf, parseRoute } from "../src/route";

const view = (hash: string) => parseView(parseRoute(hash).params);
const HOUR = 3_600_000;
const NOW = 1_800_000_000_000;
const live: Span = { kind: "live", range: "1h" };

describe("addresses", () => {
  it.each([
    ["", "line"],
    ["#/", "line"],
    ["#/alarms?stage=CB", "alarms"],
    ["#/trends", "trends"],
    ["#/nonsense", "line"],
  ])("%s is the page %s", (hash, page) => expect(parseRoute(hash).page).toBe(page));

  it("leave out what is empty, and stay readable", () => {
    expect(hashOf("alarms", { tab: "", stage: "CB" })).toBe("#/alarms?stage=CB");
    expect(hashOf("trends", { tags: "A.PV,B.PV" })).toBe("#/trends?tags=A.PV,B.PV");
    expect(hashOf("line")).toBe("#/line");
  });

  it.each([
    "#/trends?tags=CB-L07B-TIC112.PV,CB-L07B-TIC113.PV&range=8h",
    "#/trends?tags=A&from=1000&to=2000",
  ])("%s comes back as it was", (hash) => expect(hashOfView(view(hash))).toBe(hash));

  it.each([
    ["#/trends", [], live],
    ["#/trends?range=never&tags=A,,A,B", ["A", "B"], live],
    ["#/trends?from=5&to=5", [], live],
    ["#/trends?from=x&to=9", [], live],
    ["#/trends?tags=1,2,3,4,5,6,7,8,9", ["1", "2", "3", "4", "5", "6", "7", "8"], live],
  ])("%s makes sense", (hash, tags, span) => expect(view(hash)).toEqual({ tags, span }));
});

describe("the shown interval", () => {
  it("follows now in steps of about a pixel", () => {
    const quarter: Span = { kind: "live", range: "15m" };
    expect(intervalOf(quarter, NOW + 1_999)).toEqual({ startMs: NOW - HOUR / 4 + 1_000, endMs: NOW + 1_000 });
    expect(intervalOf({ kind: "live", range: "7d" }, NOW + 399_999).endMs % 403_000).toBe(0);
  });

  it("moves, but not into the future", () => {
    expect(moved(live, -0.5, NOW)).toEqual({ kind: "fixed", fromMs: NOW - 1.5 * HOUR, toMs: NOW - 0.5 * HOUR });
    expect(moved(live, 0.5, NOW)).toEqual({ kind: "fixed", fromMs: NOW - HOUR, toMs: NOW });
    expect(moved({ kind: "fixed", fromMs: 0, toMs: 100 }, 0.5, NOW)).toEqual({ kind: "fixed", fromMs: 50, toMs: 150 });
  });

  it("zooms around its middle, within bounds", () => {
    expect(zoomed({ kind: "fixed", fromMs: 0, toMs: HOUR }, 0.5, NOW)).toEqual({ kind: "fixed", fromMs: HOUR / 4, toMs: (3 * HOUR) / 4 });
    expect(zoomed(live, 2, NOW)).toEqual({ kind: "fixed", fromMs: NOW - 2 * HOUR, toMs: NOW });
    expect(zoomed({ kind: "fixed", fromMs: 0, toMs: 10_000 }, 0.5, NOW)).toEqual({ kind: "fixed", fromMs: 0, toMs: 10_000 });
  });

  it("is never shorter than a few seconds after dragging", () => {
    expect(dragged(100_000, 200_000)).toEqual({ kind: "fixed", fromMs: 100_000, toMs: 200_000 });
    expect(dragged(100_000, 101_000)).toEqual({ kind: "fixed", fromMs: 95_500, toMs: 105_500 });
  });
});

describe("panes", () => {
  const tag = (id: string, unit: string) => ({ id, unit });

  it("is one with two axes for up to two units", () => {
    expect(panesOf([tag("a", "°C"), tag("b", "%"), tag("c", "°C")])).toEqual([
      { units: ["°C", "%"], tags: [{ id: "a", pen: 0 }, { id: "b", pen: 1 }, { id: "c", pen: 2 }] },
    ]);
  });

  it("is one for each of more units, and pens stay as picked", () => {
    expect(panesOf([tag("a", "°C"), tag("b", "%"), tag("c", "Pa"), tag("d", "°C")])).toEqual([
      { units: ["°C"], tags: [{ id: "a", pen: 0 }, { id: "d", pen: 3 }] },
      { units: ["%"], tags: [{ id: "b", pen: 1 }] },
      { units: ["Pa"], tags: [{ id: "c", pen: 2 }] },
    ]);
  });

  it("is none without tags", () => expect(panesOf([])).toEqual([]));
});
