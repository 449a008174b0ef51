// 报警指导，以及同属一组的报警。

import type { Words } from "./words";

export const guidance: Words["guidance"] = {
  title: "处置指导",
  response: "处置",
  cause: "原因",
  consequence: "不处置的后果",
  within: (minutes: number) =>
    minutes >= 1440 ? `${minutes / 1440} 天内` : minutes >= 60 ? `${minutes / 60} 小时内` : `${minutes} 分钟内`,
  quiet: (reason: string) => `未通知任何人：${reason}。`,
  belongs: "与另一报警同时出现，或由其引起。",
  members: (n: number, more: boolean) => `所属报警：${more ? `${n} 条以上` : `${n} 条`}`,
  first: (n: number) => `首发，共 ${n} 条`,
  firstHint: "其余报警与其同时出现或由其引起；由其引起的不再通知。",
  rules: {
    tab: "规则",
    span: "时间",
    note: "各规则的报警次数：已通知的，以及未通知的和原因。试运行的规则：本应通知的次数。",
    failed: (detail: string) => `无法读取规则：${detail}`,
    alarms: (n: number, standing: number) => `${n} 个报警${standing === 0 ? "" : `，${standing} 个存在`}`,
    told: "次已通知",
    noneQuiet: "无未通知",
    most: (alarm: string, n: string) => `最多：${alarm}，${n} 次`,
    noGuidance: "尚无处置指导",
  },
};
