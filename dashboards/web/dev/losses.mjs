// The invented plant's losses and indicators, whose reasons people can give, and what lies behind its alarms.

/** @import { Alarm, AlarmExplanation } from "../src/api/types" */
/** @import { Kpis, LossEvent, LossKind, LineWip, Losses, ReasonName, StageWip } from "../src/api/losses" */

const HOUR = 3_600_000;
const STAGES = ["CR", "GR", "CT", "CB", "GZ", "SC", "DM", "PK"];

/** @type {ReasonName[]} */
const REASONS = [
  ["EQ-mech", "Mechanical failure", "机械故障"],
  ["EQ-elec", "Electrical failure", "电气故障"],
  ["PR-temp", "Temperature", "温度"],
  ["MT-starved", "No material", "缺料"],
  ["BL-blocked", "Blocked", "堵料"],
  ["LG-bag", "No bags", "缺吨袋"],
  ["IT-comms", "Communication lost", "通信中断"],
  ["UN", "Not yet explained", "原因待定"],
].map(([reason = "", name_en = "", name_zh = ""]) => ({ reason, name_en, name_zh }));

/** @type {LossEvent[] | null} */
let events = null;

/** @param {number} nowMs @returns {LossEvent[]} */
function eventsOf(nowMs) {
  events ??= [
    ...[1, 2, 3, 4].map((n) => event(nowMs, `PK-P${n}`, "stopped", 2.2, null, "UN", 4.9, 4.8)),
    ...[1, 2, 3].map((n) => event(nowMs, `DM-S0${n}`, "blocked", 1.6, null, "BL-blocked", 1.2, 0, "PK")),
    event(nowMs, "GR-K12", "unknown", 3.4, 2.9, "IT-comms", null, 0),
    event(nowMs, "SC-L02", "slow", 5.5, 3.1, "UN", 0.6, 0),
    { ...event(nowMs, "CB-L07B", "stopped", 12, 2, "EQ-mech", 4.2, 0), said_by: "wang.lei", said_at: iso(nowMs - 11 * HOUR), comment: "Roller 84 broke", version: 1 },
  ];
  return events;
}

/**
 * @param {number} nowMs @param {string} unit @param {LossKind} kind @param {number} from hours ago
 * @param {number | null} to hours ago @param {string} reason @param {number | null} lost
 * @param {number} stake @param {string | null} root
 * @returns {LossEvent}
 */
function event(nowMs, unit, kind, from, to, reason, lost, stake, root = null) {
  const stage = unit.slice(0, 2);
  return {
    id: `${unit}.${Math.floor(nowMs / 60_000 - from * 60)}`,
    unit,
    stage,
    kind,
    start: iso(nowMs - from * HOUR),
    end: to === null ? null : iso(nowMs - to * HOUR),
    minutes: Math.round((from - (to ?? 0)) * 60),
    reason,
    because_of: root,
    root: root ?? stage,
    lost_t: lost,
    lost_finished_t: lost,
    at_stake_t: stake,
    said_by: null,
    said_at: null,
    comment: null,
    version: 0,
  };
}

/** @param {number} nowMs @param {number} startMs @returns {Losses} */
export function losses(nowMs, startMs) {
  const found = eventsOf(nowMs).filter(({ end }) => end === null || Date.parse(end) > startMs);
  const stages = STAGES.map((stage) => {
    /** @type {Map<string, number>} */
    const lost = new Map();
    for (const each of found) {
      if (each.stage === stage && each.lost_t !== null) lost.set(each.reason, (lost.get(each.reason) ?? 0) + each.lost_t);
    }
    const by_reason = [...lost].map(([reason, t]) => ({ reason, lost_t: t, lost_finished_t: t }));
    const sum = by_reason.reduce((all, { lost_t }) => all + lost_t, 0);
    return { stage, plan_t: 212, actual_t: 212 - sum, by_reason, speed_t: 0, idle_t: 0, off_plan_t: 0, unknown_unit_h: 0.5, unknown_due_t: 0.1 };
  });
  return { start: iso(startMs), end: iso(nowMs), through: iso(nowMs - 60_000), stages, events: found, more_events: false, reasons: REASONS };
}

/** @param {number} nowMs @param {number} startMs @returns {Kpis} */
export function kpis(nowMs, startMs) {
  const stages = STAGES.map((stage, at) => ({
    stage,
    known_share: stage === "GR" ? 0.986 : 1,
    made_t: 200 + at,
    kpis: {
      availability: 1 - at / 100,
      effectiveness: 0.95 - at / 50,
      quality_ratio: stage === "PK" ? 0.998 : null,
      oee_index: stage === "PK" ? (1 - at / 100) * (0.95 - at / 50) * 0.998 : null,
      throughput_rate: 0.4 + at / 10,
      energy_per_tonne: stage === "GZ" ? 10_507 : null,
    },
    time: {},
    failures: stage === "CB" ? 1 : 0,
    mtbf_h: stage === "CB" ? 662 : null,
    mttr_h: stage === "CB" ? 10 : null,
    energy_kwh: null,
  }));
  const bottleneck = [1, 2, 3, 4].map((n) => ({ station: `GZ-G${n}`, sole: 0.2 - n / 100, shifting: 0.05 }));
  return { periods: [{ start: iso(startMs), end: iso(nowMs), through: iso(nowMs - 60_000), shift: null, stages, bottleneck }] };
}

/** @param {number} nowMs @returns {LineWip} */
export function wip(nowMs) {
  const days = { GR: 0.5, CT: 0.9, CB: 0.5, GZ: 22, SC: 2.3, DM: 0.1 };
  /** @type {StageWip[]} */
  const stages = STAGES.map((stage) => {
    const held = Object.entries(days).find(([id]) => id === stage)?.[1] ?? null;
    const t = held === null ? null : held * 230;
    const since = t === null ? null : { at: iso(nowMs - 9 * 24 * HOUR), stock_t: t - 12, by: "zhou", entry: `stock-${stage}` };
    const unknown = stage === "CR" ? "not_metered" : t === null ? "no_stock_taking" : null;
    return {
      stage, wip_t: t, uncertainty_t: t === null ? null : 21.4, finished_t: t === null ? null : t * 0.92,
      throughput_t_per_h: 9.58, lead_time_h: held === null ? null : held * 24, since, unknown,
    };
  });
  return { at: iso(nowMs - 60_000), stages, total: { wip_t: null, uncertainty_t: null, finished_t: null, lead_time_h: null, missing: ["PK"] } };
}

/** @param {string} id @param {string} by @param {{ reason?: string | null, comment?: string, version?: number }} said
 * @returns {LossEvent | 404 | 409} */
export function giveReason(id, by, { reason, comment = "", version }) {
  const found = events?.find((each) => each.id === id);
  if (found === undefined) return 404;
  if (found.version !== version) return 409;
  Object.assign(found, { reason: reason ?? "UN", comment, said_by: by, said_at: iso(Date.now()), version: version + 1 });
  return found;
}

/** @param {Alarm} alarm @returns {AlarmExplanation} */
export function explanationOf(alarm) {
  if (alarm.stage === null) return { alarm: alarm.id, cause: null, words_en: "", words_zh: "", meanwhile: [] };
  return {
    alarm: alarm.id,
    cause: { certainty: "likely", stage: alarm.stage },
    words_en: "Carbonization is 4.2 t short of plan since 03-01 08:00. It began at Carbonization: CB-L07B stopped since 03-01 07:43 (4.2 t). 0.0 t finished at stake so far. Likely (78%); 99% of the time is known.",
    words_zh: "炭化自03-01 08:00起比计划少 4.2 t。起因在炭化：CB-L07B 自03-01 07:43停机（4.2 t）。目前影响成品 0.0 t。可能（78%）；99% 的时间有数据。",
    meanwhile: [
      { id: "a", kind: "limit", asset: "CB-L07B", message_en: "Kiln L07B oxygen high", message_zh: "L07B 窑氧含量高", since: alarm.raised_at, until: null },
    ],
  };
}

/** @param {number} ms */
function iso(ms) {
  return new Date(ms).toISOString();
}
