// Numbers as people read them: grouped, with fixed places so that columns do not jump, never without unit.

const NARROW = "\u00a0"; // keeps number and unit on one line
const MINUS = "\u2212";

const formats = new Map<number, Intl.NumberFormat>();

/** `digits` decimal places; both languages of the dashboard write 70,000.0 alike. */
export function fixed(value: number, digits: number): string {
  let format = formats.get(digits);
  if (format === undefined) {
    format = new Intl.NumberFormat("en-US", {
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
      signDisplay: "negative", // never "-0.0"
    });
    formats.set(digits, format);
  }
  return format.format(value).replace("-", MINUS);
}

/** "9.42 t/h"; the dash for what is not known, still with its unit. */
export function quantity(value: number | null, digits: number, unit: string): string {
  const number = value === null || !Number.isFinite(value) ? "—" : fixed(value, digits);
  return unit === "" ? number : `${number}${NARROW}${unit}`;
}

/** Tonnes: one place while a shift's worth, none where a year's worth. */
export function tonnes(value: number | null): string {
  return quantity(value, value === null ? 0 : tonneDigits(value), "t");
}

/** "+120 t" or "−1.4 t": tonnes more or less than before. */
export function signedTonnes(value: number, digits: number): string {
  const written = quantity(value, digits, "t");
  return value > 0 && fixed(value, digits) !== fixed(0, digits) ? `+${written}` : written;
}

/** A chance in whole percent that is never certain unless it is. */
export function chance(p: number): string {
  if (p > 0 && p < 0.01) return `<1${NARROW}%`;
  if (p < 1 && p > 0.99) return `>99${NARROW}%`;
  return `${fixed(p * 100, 0)}${NARROW}%`;
}

/** The places in which `tonnes` writes an amount of this size. */
export function tonneDigits(value: number): number {
  return Math.abs(value) < 1_000 ? 1 : 0;
}

/** "+1.2 %" or "−7.7 %": the sign is part of the word, since no colour tells it. */
export function deviation(pct: number | null): string {
  if (pct === null) return "—";
  if (Math.abs(pct) > 999) return pct > 0 ? `>+999${NARROW}%` : `<${MINUS}999${NARROW}%`;
  const written = fixed(pct, 1);
  return `${pct > 0 && written !== "0.0" ? "+" : ""}${written}${NARROW}%`;
}

/** A share in percent that never rounds a little to none, nor almost all to all. */
export function share(part: number): string {
  if (part > 0 && part < 0.001) return `<0.1${NARROW}%`;
  if (part < 1 && part > 0.999) return `>99.9${NARROW}%`;
  return `${fixed(part * 100, part === 0 || part === 1 ? 0 : 1)}${NARROW}%`;
}

/** Places that resolve at least a thousandth of a measuring range. */
export function digitsForSpan(span: number): number {
  if (!Number.isFinite(span) || span <= 0) return 2;
  if (span >= 5_000) return 0;
  if (span >= 150) return 1;
  return span >= 2 ? 2 : Math.min(9, Math.ceil(3 - Math.log10(span)));
}

/** Places that write multiples of `step` in full: one for 2.5, none for 20. */
export function digitsForStep(step: number): number {
  if (!Number.isFinite(step) || step <= 0) return 0;
  for (let digits = 0; digits < 9; digits += 1) {
    const scaled = step * 10 ** digits;
    if (Math.round(scaled) > 0 && Math.abs(scaled - Math.round(scaled)) < 1e-6 * scaled) return digits;
  }
  return 9;
}

/** Places for numbers of which no range is known: none for whole ones. */
export function digitsForNumbers(numbers: readonly (number | null)[]): number {
  const known = numbers.filter((number) => number !== null);
  if (known.every(Number.isInteger)) return 0;
  return Math.max(1, digitsForSpan(Math.max(...known.map(Math.abs))));
}

/** Places for one tag: from its range; whole numbers for what is counted or switched. */
export function digitsFor(tag: { kind: string; low: number | null; high: number | null }): number {
  if (tag.kind !== "analog") return 0;
  return tag.low === null || tag.high === null ? 2 : digitsForSpan(tag.high - tag.low);
}
