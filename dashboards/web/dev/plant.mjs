// A plant for the mock: the sample site's stages and tags, with values that follow from time alone.

import { readFileSync } from "node:fs";
import { join } from "node:path";

/** @import { Line, Production, StageProduction, Tag, Window, Site, StreamedValue, History, Gap, TagKind } from "../src/api/types" */
/** @typedef {"calm" | "trouble"} Scene */

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const ZONE_MS = 8 * HOUR;
/** Since when the granulation says nothing, in trouble. */
export const STALE_SINCE = Date.now() - 190_000;

/** @type {Site} */
export const site = {
  id: "changzhi",
  name_en: "Changzhi anode base",
  name_zh: "长治负极材料基地",
  time_zone: "Asia/Shanghai",
  target_t: 70_000,
  year: new Date().getUTCFullYear(),
};

/** @type {[string, string, string, number, number, boolean][]} */
const stages = [
  ["CR", "Crushing", "粉碎", 0.912, 12.8, true],
  ["GR", "Granulation", "造粒", 0.908, 13.5, true],
  ["CT", "Coating", "包覆", 0.875, 12, true],
  ["CB", "Carbonization", "炭化", 0.921, 11.67, true],
  ["GZ", "Graphitization", "石墨化", 0.969, 9.68, false],
  ["SC", "Screening", "筛分", 0.994, 10.8, true],
  ["DM", "Demagnetization", "除磁", 0.999, 10.8, true],
  ["PK", "Packaging", "包装", 1, 16, true],
];

/** @param {string} stage @param {number} n */
function unitOf(stage, n) {
  return `${stage}-${stage === "GZ" ? `G${n}` : `L0${n}`}`;
}

/** @type {Line} */
export const line = {
  stages: stages.map(([id, name_en, name_zh, finished_eq, capacity_t_per_h, hourly], at) => ({
    id,
    name_en,
    name_zh,
    finished_eq,
    capacity_t_per_h,
    hourly,
    feeds: stages.slice(at + 1, at + 2).map(([next]) => next),
    units: [1, 2, 3, 4].map((n) => ({ id: unitOf(id, n), tag: `${unitOf(id, n)}-WQ100.TOT` })),
  })),
  output_stage: "PK",
  shifts: [
    { name: "day", start: "08:00" },
    { name: "evening", start: "16:00" },
    { name: "night", start: "00:00" },
  ],
};

/** @type {Tag[]} */
export const tags = readTags();

function readTags() {
  const file = join(import.meta.dirname, "../../../deploy/sites/changzhi/tags.csv");
  const [head = "", ...rows] = readFileSync(file, "utf8").trim().split(/\r?\n/);
  const names = head.split(",");
  return rows.map((row) => {
    const cells = row.split(",");
    /** @param {string} name */
    const cell = (name) => cells[names.indexOf(name)] ?? "";
    /** @param {string} name */
    const number = (name) => (cell(name) === "" ? null : Number(cell(name)));
    const id = cell("id");
    return {
      id,
      connector: cell("connector"),
      group: `${cell("connector")}/${cell("group")}`,
      unit: cell("unit"),
      kind: /** @type {TagKind} */ (cell("kind")),
      name_en: cell("name_en"),
      name_zh: cell("name_zh"),
      low: number("low"),
      high: number("high"),
      limits: { hh: number("hh"), h: number("h"), l: number("l"), ll: number("ll") },
      asset: id.split("-").slice(0, 2).join("-"),
      area: id.slice(0, 2),
    };
  });
}

/** @param {string} stage @param {Scene} scene */
function isStale(stage, scene) {
  return scene === "trouble" && stage === "GR";
}

/** A number in [0, 1) that is always the same for the same text. @param {string} text */
function hash(text) {
  let h = 2166136261;
  for (const letter of text) h = Math.imul(h ^ letter.charCodeAt(0), 16777619);
  return (h >>> 0) / 2 ** 32;
}

/** A calm wander in about −1…1. @param {string} name @param {number} ms */
function wander(name, ms) {
  const phase = hash(name) * 1000;
  return (
    0.55 * Math.sin(ms / 1_470_000 + phase) +
    0.3 * Math.sin(ms / 211_000 + 2 * phase) +
    0.15 * Math.sin(ms / 31_000 + 3 * phase)
  );
}

/** @param {Tag} tag @param {number} ms @param {Scene} scene @returns {number} */
export function valueOf(tag, ms, scene) {
  const low = tag.low ?? 0;
  const high = tag.high ?? 100;
  if (tag.kind === "counter") return Math.floor((ms / HOUR) * (200 + 900 * hash(tag.id))) % 4_294_967_296;
  if (tag.kind === "boolean") return hash(`${tag.id}${Math.floor(ms / 900_000)}`) > 0.12 ? 1 : 0;
  if (tag.kind === "state") return Math.floor(ms / HOUR / 6 + hash(tag.id) * 4) % 4;
  const { h, l } = tag.limits;
  const free = low + (high - low) * (0.35 + 0.4 * hash(tag.id));
  const centre = h !== null && l !== null ? (h + l) / 2 : h !== null ? low + (h - low) * 0.8 : l !== null ? l * 1.4 : free;
  const swing = (high - low) * (tag.unit === "°C" ? 0.004 : 0.02);
  const fault = scene === "trouble" && tag.id === "CB-L07B-TIC112.PV" ? -60 * Math.max(0, Math.sin(ms / 1_400_000)) : 0;
  return Math.min(high, Math.max(low, centre + swing * wander(tag.id, ms) + fault));
}

/** @param {Tag} tag @param {number} nowMs @param {Scene} scene @returns {StreamedValue} */
export function liveValue(tag, nowMs, scene) {
  const stale = isStale(tag.area, scene);
  const bad = scene === "trouble" && tag.id === "CB-L07B-TIC113.PV";
  const time = stale ? STALE_SINCE : nowMs - 400;
  const value = valueOf(tag, time, scene);
  return {
    tag: tag.id,
    value: bad ? null : tag.kind === "boolean" ? value === 1 : tag.kind === "text" ? "LOT-2611-07" : value,
    time_ms: time,
    received: new Date(time + 120).toISOString(),
    status: bad ? 0x80310000 : 0,
    quality: bad ? "bad" : "good",
    stale,
    stale_since: stale ? iso(STALE_SINCE) : null,
  };
}

/** @param {string[]} ids @param {number} startMs @param {number} endMs @param {number} buckets @param {Scene} scene @returns {History} */
export function history(ids, startMs, endMs, buckets, scene) {
  const nowMs = Date.now();
  const stepMs = Math.max(1000, (endMs - startMs) / buckets);
  /** @type {Gap[]} */
  const gaps = [];
  const lostMs = Math.floor(nowMs / DAY) * DAY - 5 * HOUR;
  for (const [from, minutes] of [[lostMs, 120], [nowMs - 38 * 60_000, 6]]) {
    if (from === undefined || minutes === undefined) continue;
    const gap = { group: "plant/main", start_ms: from, end_ms: from + minutes * 60_000 };
    if (gap.end_ms > startMs && gap.start_ms < endMs) gaps.push(gap);
  }
  return {
    start: new Date(startMs).toISOString(),
    end: new Date(endMs).toISOString(),
    series: ids.flatMap((id) => {
      const tag = tags.find((each) => each.id === id);
      if (tag === undefined) return [];
      const times = [];
      const lastMs = isStale(tag.area, scene) ? STALE_SINCE : nowMs - 1000;
      for (let ms = Math.ceil(startMs / stepMs) * stepMs; ms < Math.min(endMs, lastMs); ms += stepMs) {
        if (!gaps.some((gap) => ms >= gap.start_ms && ms < gap.end_ms)) times.push(Math.round(ms));
      }
      /** @param {number} ms */
      const isBad = (ms) => id.endsWith("TIC113.PV") && nowMs - ms < 14 * 60_000 && nowMs - ms > 4 * 60_000;
      return [
        {
          tag: id,
          unit: tag.unit,
          kind: tag.kind,
          times_ms: times,
          values: times.map((ms) => {
            const value = valueOf(tag, ms, scene);
            return isBad(ms) ? null : tag.kind === "boolean" ? value === 1 : value;
          }),
          status: times.map((ms) => (isBad(ms) ? 0x80310000 : 0)),
        },
      ];
    }),
    gaps,
  };
}

/** @param {number} nowMs @param {Scene} scene @returns {Production} */
export function production(nowMs, scene) {
  const made = line.stages.map((stage) => stageProduction(stage.id, nowMs, scene));
  return {
    at: iso(nowMs),
    closed_through: iso(Math.floor(nowMs / 60_000) * 60_000 - 60_000),
    planned_now: true,
    catch_up_t_per_h: scene === "calm" ? 8.79 : 9.64,
    stages: made,
    output: /** @type {StageProduction} */ (made.at(-1)),
  };
}

/** @param {string} id @param {number} nowMs @param {Scene} scene @returns {StageProduction} */
function stageProduction(id, nowMs, scene) {
  const stage = line.stages.find((each) => each.id === id);
  const required = 8.84 / (stage?.finished_eq ?? 1);
  // The ripple keeps the second decimal moving within seconds, also where the wander turns.
  const share = 1.02 + 0.03 * wander(id, nowMs) + 0.005 * Math.sin(nowMs / 2_000);
  const low = scene === "trouble" && id === "CB";
  const stale = isStale(id, scene);
  const stopped = scene === "trouble" && id === "DM";
  const rate = stopped ? 0 : low ? required * 0.71 : required * share;
  const now = nowMs + ZONE_MS;
  const shiftStart = Math.floor(now / (8 * HOUR)) * 8 * HOUR - ZONE_MS;
  const dayStart = Math.floor((now - 8 * HOUR) / DAY) * DAY + 8 * HOUR - ZONE_MS;
  const local = new Date(now);
  const monthStart = Date.UTC(local.getUTCFullYear(), local.getUTCMonth(), 1);
  const yearStart = Date.UTC(local.getUTCFullYear(), 0, 1);
  const factor = low ? 0.93 : share - 0.02;
  /** @param {number} start @param {number} known @param {number} f @returns {Window} */
  const window = (start, known, f) => {
    const plan = ((nowMs - start) / HOUR) * required * 0.904;
    return {
      start: iso(start),
      end: iso(nowMs),
      actual_t: known === 0 ? null : plan * known * f,
      plan_t: plan,
      plan_known_t: plan * known,
      deviation_pct: known === 0 ? null : (f - 1) * 100,
      known_share: known,
    };
  };
  return {
    id,
    rate_t_per_h: stale ? null : rate,
    required_t_per_h: required,
    state: stale ? "unknown" : stopped ? "stopped" : low ? "low" : "ok",
    stale_since: stale ? iso(STALE_SINCE) : null,
    windows: {
      hour: window(nowMs - HOUR, stale ? 0.95 : 1, factor),
      shift: window(shiftStart, stale ? 0.97 : 1, factor),
      day: window(dayStart, stale ? 0.985 : 1, factor),
      month: window(monthStart, scene === "trouble" ? 0.991 : 1, low ? 0.985 : 1.004),
      year: window(yearStart, scene === "trouble" ? 0.9995 : 1, scene === "trouble" ? 0.974 : 1.003),
    },
  };
}

/** @param {number} ms */
function iso(ms) {
  return new Date(ms).toISOString();
}
