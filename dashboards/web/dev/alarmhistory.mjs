// The mock's past alarms, filtered, and the indicators of an invented month.

/** @import { Alarm } from "../src/api/types" */
/** @import { AlarmIndicators, AlarmKpis, AlarmKpiPeriod, AlarmTarget, Level, NamedAlarm } from "../src/api/alarmhistory" */

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** @param {Alarm[]} alarms @param {URLSearchParams} query */
export function historyPage(alarms, query) {
  const found = fitting(alarms, query);
  const limit = Number(query.get("limit") ?? 100);
  const after = query.get("after");
  const from = after === null ? 0 : found.findIndex(({ id }) => id === after) + 1;
  const page = found.slice(from, from + limit);
  return { alarms: page, next: from + limit < found.length ? page.at(-1)?.id : null };
}

/** @param {Alarm[]} alarms @param {URLSearchParams} query */
export function historyCsv(alarms, query) {
  const lines = fitting(alarms, query).map((one) => [one.raised_at, "raised", one.asset, one.message_zh].join(","));
  return `\ufeff${["at,step,asset,message_zh", ...lines].join("\r\n")}\r\n`;
}

/** @param {Alarm[]} alarms @param {URLSearchParams} query */
function fitting(alarms, query) {
  const said = (/** @type {string} */ name) => query.get(name) ?? "";
  const text = said("text").toLowerCase();
  return alarms
    .filter(
      (one) =>
        (said("start") === "" || one.raised_at >= said("start")) &&
        (said("end") === "" || one.raised_at < said("end")) &&
        (said("stage") === "" || one.stage === said("stage")) &&
        (said("rule") === "" || one.rule === said("rule")) &&
        (said("priority") === "" || `${one.priority}` === said("priority")) &&
        (said("state") === "" || one.state === said("state")) &&
        (said("person") === "" || one.acknowledged_by === said("person")) &&
        said("quiet") === "" &&
        [one.message_en, one.message_zh, one.asset, one.rule].some((written) => written.toLowerCase().includes(text)),
    )
    .sort((a, b) => b.raised_at.localeCompare(a.raised_at));
}

/** @type {AlarmTarget[]} */
const targets = [
  { indicator: "per_hour", good: 6, limit: 12 },
  { indicator: "most_in_period", good: 10, limit: 10 },
  { indicator: "crowded_share", good: 0.01, limit: 0.01 },
  { indicator: "flood_share", good: 0.01, limit: 0.01 },
  { indicator: "top_share", good: 0.01, limit: 0.05 },
  { indicator: "chattering", good: 0, limit: 0 },
  { indicator: "fleeting", good: 0, limit: 0 },
  { indicator: "most_stale", good: 4, limit: 4 },
  { indicator: "critical_share", good: 0.01, limit: 0.02 },
  { indicator: "high_share", good: 0.05, limit: 0.1 },
  { indicator: "medium_share", good: 0.15, limit: 0.3 },
];

/** @type {Record<string, NamedAlarm>} */
const names = Object.fromEntries(
  ["CR-L03-VT111.PV", "CB-L07B-TIC112.PV", "CR-L05-PDT120.PV", "PK-P2-WT101.PV", "GZ-R04-IT301.PV", "SC-L02-LT201.PV"].map((asset, at) => [
    `limit-h:${asset}`,
    {
      rule: "limit-h",
      asset,
      stage: asset.slice(0, 2),
      priority: /** @type {1 | 2 | 3 | 4} */ (4 - (at % 3)),
      message_en: `${asset.slice(0, 6)} above its high limit`,
      message_zh: `${asset.slice(0, 6)} 超过高限`,
    },
  ]),
);

/** @param {number} nowMs @param {URLSearchParams} query @returns {AlarmKpis} */
export function alarmKpis(nowMs, query) {
  const startMs = Number(query.get("start"));
  const by = query.get("by");
  const step = by === "day" ? DAY : by === "shift" ? 8 * HOUR : nowMs - startMs;
  const first = by === null ? startMs : Math.floor(startMs / step) * step;
  const periods = [];
  for (let from = first; from < nowMs; from += step) periods.push(period(from, Math.min(from + step, nowMs), by, nowMs));
  return { targets, periods };
}

/** @param {number} from @param {number} to @param {string | null} by @param {number} nowMs @returns {AlarmKpiPeriod} */
function period(from, to, by, nowMs) {
  const whole = by === null;
  const daysAgo = Math.floor((nowMs - from) / DAY);
  const down = !whole && daysAgo === 9 ? 0.6 : 0; // the service stood for a part of that day
  const known = ((to - from) / HOUR) * (whole ? 0.985 : 1 - down);
  const plant = indicators(from, known, whole ? 5.3 : [3.1, 4.4, 2.8, 9.6, 5.2, 13.8, 4.0][daysAgo % 7] ?? 4, 2);
  const furnaces = indicators(from, known, (plant.per_hour ?? 0) * 1.4, 1);
  const rest = indicators(from, known, (plant.per_hour ?? 0) * 0.6, 1);
  return {
    start: iso(from),
    end: iso(to),
    shift: by === "shift" ? "ABC"[Math.floor(from / (8 * HOUR)) % 3] ?? "A" : null,
    plant,
    positions: { furnaces, rest },
    names,
  };
}

/** @param {number} from @param {number} known @param {number} rate @param {number} operators @returns {AlarmIndicators} */
function indicators(from, known, rate, operators) {
  const calls = Math.round(rate * known * operators);
  const parts = [0.21, 0.09, 0.06, 0.03, 0.02, 0.01];
  const top = Object.keys(names).map((definition, at) => ({ definition, calls: Math.round(calls * (parts[at] ?? 0)), share: parts[at] ?? 0 }));
  /** @type {Level} */
  const level = rate <= 6 ? "good" : rate <= 12 ? "tolerable" : "bad";
  return {
    operators,
    known_h: known,
    calls,
    quiet: { shelved: 31, inhibited: 212, shadow: 58 },
    per_hour: rate,
    per_10_min: rate / 6,
    most_in_period: 17,
    crowded_share: 0.0031,
    floods: [
      { start: iso(from + 5 * HOUR), end: iso(from + 5.4 * HOUR), alarms: 43 },
      { start: iso(from + 9 * HOUR), end: null, alarms: 22 },
    ],
    flood_share: 0.0142,
    top,
    top_share: 0.42,
    chattering: ["limit-h:CR-L03-VT111.PV"],
    fleeting: 12,
    stale: ["limit-h:GZ-R04-IT301.PV", "limit-h:SC-L02-LT201.PV"],
    most_stale: 2,
    priorities: { 1: Math.round(calls * 0.004), 2: Math.round(calls * 0.08), 3: Math.round(calls * 0.31), 4: Math.round(calls * 0.606) },
    acknowledging: { acknowledged: calls - 14, open: 14, median_s: 74, p95_s: 1_260 },
    standing: 9,
    shelved: 6,
    suppressed: 18,
    out_of_service: 2,
    levels: {
      per_hour: level,
      most_in_period: "bad",
      crowded_share: "good",
      flood_share: "bad",
      top_share: "bad",
      chattering: "bad",
      fleeting: "bad",
      most_stale: "good",
      critical_share: "good",
      high_share: "tolerable",
      medium_share: "bad",
    },
  };
}

/** @param {number} ms */
function iso(ms) {
  return new Date(ms).toISOString();
}
