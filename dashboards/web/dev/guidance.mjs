// The mock's guidance, and the alarms that one lost connection explains.

/** @import { Alarm } from "../src/api/types" */
/** @import { AlarmRule, Guidance } from "../src/api/guidance" */

/** @type {Record<string, Guidance>} */
const BY_RULE = {
  "limit-ll": {
    cause: { en: "A heating zone or its thermocouple has failed", zh: "加热区或热电偶失效" },
    consequence: { en: "The rows in this zone are scrap; rollers crack below 1,000 °C", zh: "该温区物料报废，低于 1000 °C 辊棒开裂" },
    response: { en: "Compare with the neighbouring zones, stop the infeed if it keeps falling, call the electrician", zh: "与相邻温区对比，继续下降则停止进料并通知电工" },
    respond_min: 10,
    owner: { en: "Carbonization operator", zh: "炭化岗位操作工" },
  },
  "communication-lost": {
    cause: { en: "Switch or server down, cable cut, licence expired", zh: "交换机或服务器故障、线缆断开、授权过期" },
    consequence: { en: "Values, tonnes and alarms of the group are unknown", zh: "该组数值、产量和报警均未知" },
    response: { en: "Ask the control room for the state on its own panels; check switch and service", zh: "向中控确认现场状态；检查交换机和服务" },
    respond_min: 15,
    owner: { en: "Automation engineer on call", zh: "自动化值班工程师" },
  },
};
export const EXPLAINED = 12;

/** @returns {AlarmRule[]} */
export function rulesOf() {
  const rule = { kind: "limit", shadow: false, standing: 0, guidance: null };
  return [
    { ...rule, id: "limit-ll", alarms: 210, standing: 1, raised: 9, told: 7, quiet: { chattering: 2 }, most: "limit-ll:CB-L07B-TIC112.PV", most_raised: 5, guidance: BY_RULE["limit-ll"] ?? null },
    { ...rule, id: "screen-blind", shadow: true, alarms: 12, raised: 41, told: 0, quiet: { shadow: 41 }, most: "screen-blind:SC-L02-WT502.PV", most_raised: 38 },
    { ...rule, id: "communication-lost", kind: "communication_lost", alarms: 1, standing: 1, raised: 2, told: 2, quiet: {}, most: "communication-lost:plant", most_raised: 2, guidance: BY_RULE["communication-lost"] ?? null },
    { ...rule, id: "stale", kind: "stale", alarms: 640, raised: 0, told: 0, quiet: {}, most: null, most_raised: 0 },
  ];
}

/** @param {Alarm} alarm @returns {Guidance | null} */
export function guidanceOf(alarm) {
  return BY_RULE[alarm.rule] ?? null;
}

/** @param {Alarm} alarm @returns {Alarm[]} */
export function membersOf(alarm) {
  if (alarm.members === 0) return [];
  return Array.from({ length: EXPLAINED }, (_, at) => ({
    ...alarm,
    id: `bad-GR-K${at + 1}`,
    rule: "bad",
    kind: "bad_quality",
    priority: 3,
    asset: `GR-K${at + 1}`,
    message_en: `Kettle K${at + 1} temperature: bad quality, the value can't be used`,
    message_zh: `K${at + 1} 釜温度：信号质量坏，数值不可用`,
    state: "unacknowledged",
    quiet: "inhibited",
    root: alarm.id,
    members: 0,
  }));
}
