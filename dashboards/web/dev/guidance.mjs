// The mock's guidance, and the alarms that one lost connection explains.

/** @import { Alarm } from "../src/api/types" */
/** @import { Guidance } from "../src/api/guidance" */

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
