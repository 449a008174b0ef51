import { describe, expect, it } from "vitest";
import type { Alarm, Window } from "../src/api/types";
import { fits } from "../src/pages/alarms/filter";
import { comparablePlan, unknownMs } from "../src/pages/line/unknown";

const at = (text: string) => Date.parse(text);

function window(known_share: number, end = "2026-11-23T08:00:00Z"): Window {
  return { start: "2026-11-23T00:00:00Z", end, actual_t: 10, plan_t: 70, plan_known_t: 63, deviation_pct: 1, known_share };
}

describe("what is unknown", () => {
  it.each([
    [window(1), "2026-11-23T08:00:00Z", 0],
    [window(0.975), "2026-11-23T08:00:00Z", 12 * 60_000],
    [window(0), "2026-11-23T04:00:00Z", 4 * 3_600_000],
    [window(0.5), "2026-11-22T00:00:00Z", 0],
    [window(1.0000001), "2026-11-23T08:00:00Z", 0],
  ])("counts the unknown part of the time that has been (%#)", (given, now, ms) => {
    expect(Math.round(unknownMs(given, at(now)))).toBe(ms);
  });

  it("compares with the plan of the known minutes when some are unknown", () => {
    expect(comparablePlan(window(1))).toBe(70);
    expect(comparablePlan(window(0.9))).toBe(63);
  });
});

describe("filtering alarms", () => {
  const alarm = {
    stage: "CB",
    asset: "CB-L07B-AT120.PV",
    tag: "CB-L07B-AT120.PV",
    rule: "limit-h",
    message_en: "Kiln L07B oxygen high",
    message_zh: "L07B 窑氧含量高",
  } as Alarm;

  it.each([
    ["", "", true],
    ["CB", "", true],
    ["CR", "", false],
    ["", " OXYGEN ", true],
    ["", "氧含量", true],
    ["CR", "oxygen", false],
    ["", "l07c", false],
  ])("stage %j and text %j", (stage, search, kept) => expect(fits(alarm, { stage, search })).toBe(kept));
});
