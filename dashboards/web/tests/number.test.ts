import { describe, expect, it } from "vitest";
import {
  deviation,
  digitsFor,
  digitsForNumbers,
  digitsForSpan,
  digitsForStep,
  fixed,
  quantity,
  share,
  tonnes,
} from "../src/format/number";

const plain = (text: string) => text.replaceAll("\u00a0", " ");

describe("numbers", () => {
  it.each([
    [70000, 0, "70,000"],
    [8.84, 2, "8.84"],
    [-0.001, 2, "0.00"],
    [-7.66, 1, "−7.7"],
  ])("fixed(%d, %d) is %s", (value, digits, written) => expect(fixed(value, digits)).toBe(written));

  it.each([
    [9.42, "t/h", "9.42 t/h"],
    [null, "t/h", "— t/h"],
    [Number.NaN, "t/h", "— t/h"],
    [1, "", "1.00"],
  ])("an amount of %s has its unit %s", (value, unit, written) => {
    expect(plain(quantity(value, 2, unit))).toBe(written);
  });

  it.each([
    [null, "— t"],
    [0, "0.0 t"],
    [57.64, "57.6 t"],
    [61048.9, "61,049 t"],
  ])("%s tonnes", (value, written) => expect(plain(tonnes(value))).toBe(written));

  it.each([
    [null, "—"],
    [0, "0.0 %"],
    [0.01, "0.0 %"],
    [-0.04, "0.0 %"],
    [4.25, "+4.3 %"],
    [-29.14, "−29.1 %"],
    [120000, ">+999 %"],
  ])("a deviation of %s", (value, written) => expect(plain(deviation(value))).toBe(written));

  it.each([
    [0, "0 %"],
    [0.0000001, "<0.1 %"],
    [0.025, "2.5 %"],
    [0.99999, ">99.9 %"],
    [1, "100 %"],
  ])("a share of %s never hides a little", (value, written) => expect(plain(share(value))).toBe(written));
});

describe("decimal places", () => {
  it.each([
    [1400, 1],
    [100, 2],
    [10000, 0],
    [0.5, 4],
    [0, 2],
    [Number.NaN, 2],
  ])("of a range of %d", (span, digits) => expect(digitsForSpan(span)).toBe(digits));

  it.each([
    [2.5, 1],
    [20, 0],
    [0.2, 1],
    [0.025, 3],
    [0, 0],
  ])("of an axis in steps of %d", (step, digits) => expect(digitsForStep(step)).toBe(digits));

  it.each([
    [[1088.4, 1120], 1],
    [[112, 100], 0],
    [[7.4, null], 2],
    [[null, null], 0],
  ])("of a value and its limit %j", (numbers, digits) => expect(digitsForNumbers(numbers)).toBe(digits));

  it("of a tag: from its range, none for what is counted", () => {
    expect(digitsFor({ kind: "analog", low: 0, high: 1400 })).toBe(1);
    expect(digitsFor({ kind: "analog", low: null, high: null })).toBe(2);
    expect(digitsFor({ kind: "counter", low: null, high: null })).toBe(0);
  });
});
