// The mock's alarm flood: a blower trip that everything at the kilns follows from, and two lesser causes.

/** @import { Alarm, Flood, Priority } from "../src/api/types" */

import { alarm } from "./alarms.mjs";

const MINUTE = 60_000;

/** @param {number} nowMs @returns {Alarm[]} */
export function floodAlarms(nowMs) {
  const trip = alarm(nowMs, 8, 1, "CB-L03A-BL101", "CB", "unacknowledged", "blower-trip", {
    en: "Kiln L03A: circulation blower tripped",
    zh: "L03A 窑：循环风机跳闸",
  });
  const nitrogen = alarm(nowMs, 6, 2, "CB-L03A-FIC122.PV", "CB", "unacknowledged", "limit-l", {
    en: "Kiln L03A nitrogen flow below L",
    zh: "L03A 窑氮气流量低于低限",
    value: 96,
    limit: 150,
    unit: "Nm³/h",
  });
  const zones = Array.from({ length: 18 }, (_, at) =>
    alarm(nowMs, 7 - at * 0.3, /** @type {Priority} */ (at < 3 ? 2 : 3), `CB-L03A-TIC${101 + at}.PV`, "CB", "unacknowledged", "limit-l", {
      en: `Kiln L03A zone ${at + 1} temperature below L`,
      zh: `L03A 窑 ${at + 1} 区温度低于低限`,
      value: 1120 - at,
      limit: 1130,
      unit: "°C",
    }),
  );
  const screens = Array.from({ length: 4 }, (_, at) =>
    alarm(nowMs, 5 - at, 4, `SC-L0${at + 1}-WT502.PV`, "SC", "unacknowledged", "limit-h", {
      en: `Screen L0${at + 1} oversize above H`,
      zh: `L0${at + 1} 筛筛上物高于高限`,
      value: 6.1 + at / 10,
      limit: 6,
      unit: "%",
    }),
  );
  const first = /** @type {Alarm} */ (screens[0]);
  return [
    trip,
    ...[nitrogen, ...zones].map((each) => ({ ...each, root: trip.id })),
    ...screens.map((each) => ({ ...each, root: first.id })),
  ];
}

/** @param {number} nowMs @param {boolean} flood @returns {Flood[]} */
export function floodsOf(nowMs, flood) {
  const since = flood ? new Date(nowMs - 6 * MINUTE).toISOString() : null;
  return [
    { position: "furnaces", stages: ["CB", "GZ"], since, alarms: flood ? 24 : 0, recent: flood ? 11 : 2 },
    { position: "mill", stages: [], since: null, alarms: 0, recent: 1 },
  ];
}
