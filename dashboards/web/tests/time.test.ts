import { describe, expect, it } from "vitest";
import { age } from "../src/format/age";
import { fromPlant, plantInput, plantTime, shiftAt, stamp, utc } from "../src/format/time";
import { en } from "../src/words/en";
import { zh } from "../src/words/zh";

const at = (text: string) => Date.parse(text);
const shifts = [
  { name: "day", start: "08:00" },
  { name: "evening", start: "16:00" },
  { name: "night", start: "00:00" },
];

describe("plant time", () => {
  it.each([
    ["2026-11-23T14:41:07Z", "Asia/Shanghai", "2026-11-23", "22:41:07"],
    ["2026-11-23T23:59:59Z", "Asia/Shanghai", "2026-11-24", "07:59:59"],
    ["2026-11-23T18:30:00Z", "Asia/Kolkata", "2026-11-24", "00:00:00"],
    ["2026-03-29T00:59:59Z", "Europe/Berlin", "2026-03-29", "01:59:59"],
    ["2026-03-29T01:00:00Z", "Europe/Berlin", "2026-03-29", "03:00:00"],
  ])("%s in %s", (instant, zone, date, time) => {
    expect(plantTime(at(instant), zone)).toEqual({ date, time });
  });

  it.each([
    ["2026-11-24T01:00:00Z", "09:00:00"],
    ["2026-11-23T01:00:00Z", "11-23 09:00:00"],
    ["2025-11-23T01:00:00Z", "2025-11-23 09:00:00"],
  ])("%s is stamped with as much date as it needs", (instant, written) => {
    expect(stamp(at(instant), "Asia/Shanghai", at("2026-11-24T02:00:00Z"))).toBe(written);
  });

  it("writes UTC for tooltips", () => expect(utc(at("2026-11-23T14:41:07.9Z"))).toBe("2026-11-23 14:41:07"));

  it.each([
    ["2026-11-23T23:59:59Z", "Asia/Shanghai", "night"],
    ["2026-11-24T00:00:00Z", "Asia/Shanghai", "day"],
    ["2026-11-24T08:00:00Z", "Asia/Shanghai", "evening"],
    ["2026-11-24T02:29:00Z", "Asia/Kolkata", "night"],
    ["2026-11-24T02:30:00Z", "Asia/Kolkata", "day"],
  ])("the shift at %s in %s is %s", (instant, zone, name) => {
    expect(shiftAt(at(instant), zone, shifts)?.name).toBe(name);
  });

  it("gives last evening's shift before the first start of the day", () => {
    const late = [
      { name: "a", start: "06:00:00" },
      { name: "b", start: "18:00:00" },
    ];
    expect(shiftAt(at("2026-11-24T03:00:00Z"), "UTC", late)?.name).toBe("b");
    expect(shiftAt(0, "UTC", [])).toBeNull();
  });
});

describe("age", () => {
  it.each([
    [-5000, "0 s", "0 秒"],
    [59_999, "59 s", "59 秒"],
    [190_000, "3 min", "3 分钟"],
    [7_500_000, "2 h 5 min", "2 小时 5 分"],
    [3_600_000, "1 h", "1 小时"],
    [90_000_000, "1 d 1 h", "1 天 1 小时"],
  ])("%d ms", (ms, english, chinese) => {
    expect(age(ms, en)).toBe(english);
    expect(age(ms, zh)).toBe(chinese);
  });
});

describe("words", () => {
  it("says something in both languages for every key", () => {
    const texts = (words: object): [string, string][] =>
      Object.entries(words).flatMap(([key, value]: [string, unknown]) =>
        typeof value === "object" && value !== null
          ? texts(value).map(([deep, text]): [string, string] => [`${key}.${deep}`, text])
          : [[key, typeof value === "function" ? String(value("1", "2")) : String(value)]],
      );
    const [english, chinese] = [texts(en), texts(zh)];
    expect(chinese.map(([key]) => key).sort()).toEqual(english.map(([key]) => key).sort());
    for (const [key, text] of [...english, ...chinese]) expect(text.trim(), key).not.toBe("");
  });
});

describe("a time that is typed", () => {
  it.each([
    ["2026-11-23T22:41", "Asia/Shanghai", "2026-11-23T14:41:00Z"],
    ["2026-11-24T00:00", "Asia/Kolkata", "2026-11-23T18:30:00Z"],
    ["2026-03-29T01:59", "Europe/Berlin", "2026-03-29T00:59:00Z"],
    ["2026-03-29T03:00", "Europe/Berlin", "2026-03-29T01:00:00Z"],
    ["2026-10-25T04:00", "Europe/Berlin", "2026-10-25T03:00:00Z"],
    ["2026-07-01T12:00", "America/New_York", "2026-07-01T16:00:00Z"],
  ])("%s in %s", (text, zone, instant) => {
    expect(fromPlant(text, zone)).toBe(at(instant));
    expect(plantInput(at(instant), zone)).toBe(text);
  });

  it.each(["", "2026-11-23", "2026-13-01T00:00", "soon"])("%s is none", (text) => {
    expect(fromPlant(text, "Asia/Shanghai")).toBeNull();
  });
});
