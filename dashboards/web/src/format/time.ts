// Instants in the plant's time zone. Dates are written year-month-day in either language.

import type { Shift } from "../api/types";

export type PlantTime = { date: string; time: string };

const formats = new Map<string, Intl.DateTimeFormat>();

/** `ms` (epoch milliseconds) as the plant's wall clock shows it: "2026-11-23" and "22:41:07". */
export function plantTime(ms: number, timeZone: string): PlantTime {
  const parts: Record<string, string> = {};
  for (const { type, value } of formatOf(timeZone).formatToParts(ms)) parts[type] = value;
  return {
    date: `${parts["year"]}-${parts["month"]}-${parts["day"]}`,
    time: `${parts["hour"]}:${parts["minute"]}:${parts["second"]}`,
  };
}

/** The time alone on the plant's present day, else with its date, and the year if it is another. */
export function stamp(ms: number, timeZone: string, nowMs: number): string {
  const then = plantTime(ms, timeZone);
  const now = plantTime(nowMs, timeZone);
  if (then.date === now.date) return then.time;
  const sameYear = then.date.slice(0, 4) === now.date.slice(0, 4);
  return `${sameYear ? then.date.slice(5) : then.date} ${then.time}`;
}

/** "2026-11-23 14:41:07", without the zone's name. */
export function utc(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace("T", " ");
}

/** The instant of a plant's wall clock, "2026-11-23T22:41"; null for what is none. */
export function fromPlant(text: string, timeZone: string): number | null {
  const wall = Date.parse(`${text}Z`);
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?$/.test(text) || Number.isNaN(wall)) return null;
  // The offset there may differ from the offset here once more, where clocks change.
  let ms = wall;
  for (let n = 0; n < 2; n++) ms = wall - (wallMs(ms, timeZone) - ms);
  return ms;
}

/** What a plant's wall clock shows, for an input: "2026-11-23T22:41". */
export function plantInput(ms: number, timeZone: string): string {
  const { date, time } = plantTime(ms, timeZone);
  return `${date}T${time.slice(0, 5)}`;
}

function wallMs(ms: number, timeZone: string): number {
  const { date, time } = plantTime(ms, timeZone);
  return Date.parse(`${date}T${time}Z`);
}

/** The shift of this instant; starts are plant times ("16:00"), and the shifts cover the day. */
export function shiftAt(ms: number, timeZone: string, shifts: readonly Shift[]): Shift | null {
  const clock = plantTime(ms, timeZone).time.slice(0, 5);
  const byStart = [...shifts].sort((a, b) => a.start.localeCompare(b.start));
  // Before the day's first start, the shift that began last evening still runs.
  return byStart.findLast((shift) => shift.start.slice(0, 5) <= clock) ?? byStart.at(-1) ?? null;
}

function formatOf(timeZone: string): Intl.DateTimeFormat {
  let format = formats.get(timeZone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat("en-GB", {
      timeZone,
      hourCycle: "h23",
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
    });
    formats.set(timeZone, format);
  }
  return format;
}
