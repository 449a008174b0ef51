// Entries and calendar of the invented plant.

/** @import { Calendar, Changed, Entry, Lots } from "../src/api/types" */

const DAY_MS = 86_400_000;
const now = Date.now();
const ago = (/** @type {number} */ minutes) => new Date(now - minutes * 60_000).toISOString();

/** @type {Entry[]} */
let entries = [
  made("note", "", 35, null, "", "Kiln L07B: zone 12 watched by hand, maintenance called."),
  made("weighbridge", "GZ-G3", 300, 52_140, "kg", "ticket 4711", "G3-R00102"),
  made("hold", "L-0412", 600, 20, "bags", "moisture 0.21 %"),
  made("release", "L-0412", 90, 15, "bags", "moisture 0.08 % after drying"),
  { ...made("scrap", "CB", 1_500, 380.5, "kg", "crust from a stopped kiln"), cancelled: { by: "engineer", at: ago(1_400), reason: "typed twice" } },
  { ...made("correction", "CR-L03", 2_900, 9_600, "kg", "belt scale slipped; mass from the bin's level"), end: ago(2_500) },
];

/**
 * @param {Entry["kind"]} kind @param {string} subject @param {number} minutes @param {number | null} amount
 * @param {Entry["unit"]} unit @param {string} reason @param {string} reference @returns {Entry}
 */
function made(kind, subject, minutes, amount, unit, reason, reference = "") {
  const at = ago(minutes);
  const id = `${kind}-${Math.random().toString(16).slice(2, 10)}`;
  return { id, kind, subject, start: at, end: at, amount, unit, reason, reference, by: "operator", at: ago(minutes - 5), cancelled: null };
}

const day = (/** @type {number} */ n) => new Date(Math.floor(now / DAY_MS + n) * DAY_MS).toISOString();
/** @type {Calendar} */
let calendar = {
  version: 1,
  time_zone: "Asia/Shanghai",
  day_start: "08:00",
  crews: 4,
  shifts: [{ name: "night", start: "00:00" }, { name: "day", start: "08:00" }, { name: "evening", start: "16:00" }],
  downtimes: [
    { start: day(-290), end: day(-283), reason: "Spring Festival", kind: "holiday" },
    { start: day(15), end: day(22), reason: "Curtailment reserve", kind: "curtailment" },
    { start: day(65), end: day(72), reason: "Spring Festival", kind: "holiday" },
  ],
  versions: [{ number: 1, effective: ago(60 * 24 * 9), by: "zhou", at: ago(60 * 24 * 9), reason: "The grid has asked for another week.", change: "- downtime 2026-12-07; + Curtailment reserve 2026-12-14 to 2026-12-21" }],
};

/**
 * What the mock answers to a call about entries or the calendar; null for any other call.
 * @param {string} call @param {any} body @param {string} by @param {boolean} preview
 * @returns {[number, object] | null}
 */
export function answerEntries(call, body, by, preview) {
  if (call === "GET entries") return [200, { entries }];
  if (call === "GET lots") return [200, lots()];
  if (call === "GET calendar") return [200, calendar];
  if (call === "POST entries") {
    if (Date.parse(body.start) > Date.now() + 60_000) return [422, { detail: "end: it has not come yet; enter what has happened" }];
    const unit = body.kind === "note" ? "" : body.kind === "hold" || body.kind === "release" ? "bags" : "kg";
    const entry = { ...made(body.kind, body.subject, 0, body.amount ?? null, unit, body.reason, body.reference), start: body.start, end: body.end ?? body.start, by };
    entries = [entry, ...entries];
    return [201, entry];
  }
  const cancelled = /^POST entries\/([^/]+)\/cancel$/.exec(call);
  if (cancelled !== null) {
    entries = entries.map((each) => (each.id === cancelled[1] ? { ...each, cancelled: { by, at: new Date().toISOString(), reason: body.reason } } : each));
    return [200, entries.find(({ id }) => id === cancelled[1]) ?? {}];
  }
  if (call === "POST calendar") return [200, change(body, by, preview)];
  return null;
}

/** @returns {Lots} */
function lots() {
  return { lots: [{ id: "L-0412", held_bags: 20, released_bags: 15, standing_bags: 5 }], standing_bags: 5, released_bags: 15 };
}

/** @param {any} body @param {string} by @param {boolean} preview @returns {Changed} */
function change(body, by, preview) {
  const effective = new Date().toISOString();
  const stages = [["GZ", 0.969, 9.68], ["PK", 1, 16]].map(([stage, eq, capacity]) => ({
    stage: `${stage}`,
    before_t_per_h: 8.84 / Number(eq),
    after_t_per_h: 9.51 / Number(eq),
    capacity_t_per_h: Number(capacity),
    possible: 9.51 / Number(eq) <= Number(capacity),
  }));
  const meaning = {
    year: 2026, target_before_t: 70_000, target_after_t: 70_000, planned_before_h: 3_120, planned_after_h: 2_952,
    catch_up_before_t_per_h: 9.02, catch_up_after_t_per_h: 9.53, stages,
  };
  if (!preview) {
    const day = (/** @type {string} */ text) => (text.length === 10 ? `${text}T00:00:00.000Z` : text);
    const added = (body.add ?? []).map((/** @type {any} */ one) => ({ ...one, start: day(one.start), end: day(one.end) }));
    const left = calendar.downtimes.filter(({ start }) => !(body.remove ?? []).includes(start));
    const number = calendar.version + 1;
    const versions = [...calendar.versions, { number, effective, by, at: effective, reason: body.reason, change: JSON.stringify(body.add ?? body.remove) }];
    calendar = { ...calendar, version: number, versions, downtimes: [...left, ...added].sort((a, b) => a.start.localeCompare(b.start)) };
  }
  return { preview, version: calendar.version, effective, meaning };
}
