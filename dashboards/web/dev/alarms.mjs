// The mock's alarms, which people can acknowledge.

/** @import { Alarm, AlarmDetail, Priority, AlarmState, Transition } from "../src/api/types" */

import { journalOf } from "./alarmdesk.mjs";
import { EXPLAINED, guidanceOf } from "./guidance.mjs";

const MINUTE = 60_000;

/** @param {number} nowMs @returns {Alarm[]} */
export function troubleAlarms(nowMs) {
  return [
    alarm(nowMs, 3, 1, "CB-L07B-TIC112.PV", "CB", "unacknowledged", "limit-ll", {
      en: "Kiln L07B zone 12 temperature very low",
      zh: "L07B 窑 12 区温度过低",
      value: 1088.4,
      limit: 1120,
      unit: "°C",
    }),
    alarm(nowMs, 4, 2, "plant", null, "acknowledged", "communication-lost", {
      en: "Connector plant, group granulation: communication lost",
      zh: "连接 plant 的造粒组通信中断",
      by: "wang.lei",
      comment: "Electrician is at the cabinet",
    }),
    alarm(nowMs, 11, 2, "CB", "CB", "unacknowledged", "hour-low", {
      en: "Carbonization: production of the last hour 29 % below plan",
      zh: "炭化：最近一小时产量低于计划 29 %",
      value: -29.1,
      limit: -20,
      unit: "%",
    }),
    alarm(nowMs, 26, 3, "CB-L07B-AT120.PV", "CB", "returned", "limit-h", {
      en: "Kiln L07B oxygen high",
      zh: "L07B 窑氧含量高",
      value: 112,
      limit: 100,
      unit: "ppm",
    }),
    alarm(nowMs, 44, 3, "CR-L03-PDT120.PV", "CR", "acknowledged", "limit-h", {
      en: "Crushing line L03 bag filter differential pressure high",
      zh: "粉碎线 L03 袋式除尘器压差高",
      value: 1562,
      limit: 1500,
      unit: "Pa",
      by: "li.na",
    }),
    alarm(nowMs, 61, 4, "CB-L07B-TIC113.PV", "CB", "unacknowledged", "bad", {
      en: "Kiln L07B zone 13 temperature: bad quality",
      zh: "L07B 窑 13 区温度：坏质量",
    }),
  ];
}

/** @param {number} nowMs @returns {Alarm[]} */
export function pastAlarms(nowMs) {
  return Array.from({ length: 230 }, (_, at) =>
    alarm(nowMs, 180 + at * 97, /** @type {Priority} */ ((at % 4) + 1), `CR-L0${(at % 8) + 1}-VT111.PV`, "CR", "normal", "limit-h", {
      en: `Crushing line L0${(at % 8) + 1} mill vibration high`,
      zh: `粉碎线 L0${(at % 8) + 1} 磨机振动高`,
      value: 7.4 + (at % 7) / 10,
      limit: 7.1,
      unit: "mm/s",
      by: at % 3 === 0 ? "wang.lei" : "li.na",
    }),
  );
}

/**
 * @typedef {{ en: string, zh: string, value?: number, limit?: number, unit?: string, by?: string, comment?: string }} Rest
 * @param {number} nowMs @param {number} minutesAgo @param {Priority} priority @param {string} asset
 * @param {string | null} stage @param {AlarmState} state @param {string} rule @param {Rest} rest
 * @returns {Alarm}
 */
export function alarm(nowMs, minutesAgo, priority, asset, stage, state, rule, rest) {
  const raised = nowMs - minutesAgo * MINUTE;
  const gone = state === "returned" || state === "normal";
  const tag = asset.includes(".") ? asset : null;
  return {
    id: `${rule}-${asset}-${minutesAgo}`,
    rule,
    kind: rule.split("-")[0] ?? rule,
    priority,
    asset,
    tag,
    stage,
    state,
    message_en: rest.en,
    message_zh: rest.zh,
    raised_at: iso(raised),
    returned_at: gone ? iso(raised + 5 * MINUTE) : null,
    acknowledged_at: rest.by === undefined ? null : iso(raised + 2 * MINUTE),
    acknowledged_by: rest.by ?? null,
    comment: rest.comment ?? null,
    value: rest.value ?? null,
    limit: rest.limit ?? null,
    unit: rest.unit ?? "",
    definition: `${rule}:${asset}`,
    quiet: null,
    holds: [],
    root: `${rule}-${asset}-${minutesAgo}`,
    members: rule === "communication-lost" ? EXPLAINED : 0,
  };
}

/** @param {Alarm} alarm @param {string} by @param {string | null} comment @returns {Alarm} */
export function acknowledged(alarm, by, comment) {
  return {
    ...alarm,
    state: alarm.state === "returned" ? "normal" : "acknowledged",
    acknowledged_at: iso(Date.now()),
    acknowledged_by: by,
    comment,
  };
}

/** @param {Alarm} alarm @returns {AlarmDetail} */
export function detailOf(alarm) {
  /** @type {Transition[]} */
  const transitions = [];
  /** @param {Transition["kind"]} kind @param {string | null} at @param {Partial<Transition>} more */
  const add = (kind, at, more = {}) => {
    if (at === null) return;
    transitions.push({ id: `${alarm.id}-${kind}`, kind, at, recorded_at: at, by: null, comment: null, value: null, quiet: null, quiet_by: null, ...more });
  };
  add("raised", alarm.raised_at, { value: alarm.value });
  add("acknowledged", alarm.acknowledged_at, { by: alarm.acknowledged_by, comment: alarm.comment });
  add("returned", alarm.returned_at);
  if (alarm.state === "normal") add("cleared", alarm.returned_at);
  const deeds = alarm.state === "normal" ? [] : journalOf(alarm.definition);
  return { ...alarm, guidance: guidanceOf(alarm), transitions: [...transitions, ...deeds].sort((a, b) => Date.parse(a.at) - Date.parse(b.at)) };
}

/** @param {number} ms */
function iso(ms) {
  return new Date(ms).toISOString();
}

/** Entries that a backfill of six hours left behind. @param {number} nowMs */
export function retrospectiveOf(nowMs) {
  const hoursAgo = (/** @type {number} */ hours) => new Date(nowMs - hours * 3_600_000).toISOString();
  const one = { priority: 3, asset: "PK", stage: "PK", found_at: hoursAgo(1) };
  return [
    { ...one, id: "r1", finding: "missed", rule: "hour-low", alarm: null, at: hoursAgo(9), value_then: -50, value_now: -100,
      message_en: "Packaging is below plan over the last hour", message_zh: "包装最近一小时低于计划",
      why_en: "By what is known now, production was 0.0 % of plan; what was known then said 50.0 % of plan.",
      why_zh: "按现在所知，产量为计划的 0.0 %；按当时所知，为计划的 50.0 %。" },
    { ...one, id: "r2", finding: "disproved", rule: "long-low", alarm: "a1", at: hoursAgo(7), value_then: -29, value_now: -4,
      message_en: "Packaging has been below plan for hours", message_zh: "包装数小时低于计划",
      why_en: "By what is known now, production was 96.0 % of plan; what was known then said 71.0 % of plan.",
      why_zh: "按现在所知，产量为计划的 96.0 %；按当时所知，为计划的 71.0 %。" },
  ];
}
