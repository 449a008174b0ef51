// 报警泛滥，以及按起因排列的报警。

import type { Words } from "./words";

export const floods: Words["floods"] = {
  label: "报警泛滥",
  lasts: (position: string, time: string, count: string) =>
    position === "plant" ? `报警泛滥：自 ${time} 起 ${count} 条` : `${position} 岗位报警泛滥：自 ${time} 起 ${count} 条`,
  note: "通知改为摘要发送，紧急报警仍逐条发送。",
  look: "按起因查看",
  arrangement: "排列方式",
  single: "逐条",
  root: "按起因",
  others: (count: number) => `另有 ${count} 条报警属于此条`,
};
