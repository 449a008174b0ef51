import { describe, expect, it } from "vitest";
import type { Alarm } from "../src/api/types";
import { hear, nothingYet } from "../src/state/live";
import { byRoot } from "../src/state/roots";

const alarm = (id: string, root: string | null, minute: number): Alarm =>
  ({ id, root, raised_at: `2026-11-23T10:${String(minute).padStart(2, "0")}:00Z` }) as Alarm;

const shape = (...alarms: Alarm[]) => byRoot(alarms).map(({ first, others }) => [first.id, ...others.map(({ id }) => id)]);

describe("alarms by what they follow from", () => {
  it("puts those of one root together, where the most urgent of them stood", () => {
    expect(shape(alarm("b", "a", 2), alarm("x", "x", 9), alarm("a", "a", 1), alarm("c", "a", 3))).toEqual([
      ["a", "b", "c"],
      ["x"],
    ]);
  });

  it("names the first that still stands when the root is over", () => {
    expect(shape(alarm("c", "gone", 3), alarm("b", "gone", 2))).toEqual([["b", "c"]]);
  });

  it("leaves alone what belongs to nothing", () => {
    expect(shape(alarm("a", null, 1), alarm("b", null, 2))).toEqual([["a"], ["b"]]);
  });
});

it("knows of floods what the stream told last", () => {
  const positions = [{ position: "plant", stages: [], since: "2026-11-23T10:00:00Z", alarms: 12, recent: 11 }];
  expect(hear(nothingYet, { type: "floods", positions }, 0).floods).toEqual(positions);
  expect(nothingYet.floods).toEqual([]);
});
