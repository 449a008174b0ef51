// What people do to the mock's alarms, and every alarm that can stand there.

/** @import { Alarm, Hold, Transition, TransitionKind } from "../src/api/types" */
/** @import { AlarmDefinition } from "../src/api/alarmdesk" */

const MINUTE = 60_000;
export const SHELVE_MINUTES = { viewer: 0, operator: 480, engineer: 4_320, administrator: 4_320 };

/** @type {Map<string, Hold[]>} */
const holds = new Map();
/** @type {Map<string, Transition[]>} */
const journal = new Map();

/** What was held before anybody came. @param {number} nowMs */
export function beginHolding(nowMs) {
  holds.clear();
  journal.clear();
  for (const [id, hold] of /** @type {[string, Hold][]} */ ([
    ["limit-h:CR-L05-VT111.PV", { kind: "shelved", since: iso(nowMs - 40 * MINUTE), until: iso(nowMs + 200 * MINUTE), by: "li.na", reason: "Sensor cable rubs; electrician at 14:00" }],
    ["limit-l:GZ-G3-JT401.PV", { kind: "suppressed", since: iso(nowMs - 300 * MINUTE), until: null, by: null, reason: "GZ-G3-RUN.ST below 0.5" }],
    ["limit-hh:CB-L11B-TIC108.PV", { kind: "out_of_service", since: iso(nowMs - 3 * 1440 * MINUTE), until: null, by: "zhang.min", reason: "Thermocouple broken, spare part ordered (PO 4471)" }],
  ])) {
    holds.set(id, [hold]);
    note(id, hold.kind === "suppressed" ? "suppressed" : hold.kind === "shelved" ? "shelved" : "out_of_service", Date.parse(hold.since), hold.by, hold.reason);
  }
}

/** @param {string} definition @returns {Hold[]} */
export function holdsOf(definition) {
  return (holds.get(definition) ?? []).filter(({ until }) => until === null || Date.parse(until) > Date.now());
}

/** @param {string} definition @returns {Transition[]} */
export function journalOf(definition) {
  return journal.get(definition) ?? [];
}

/** @param {Alarm[]} alarms @returns {AlarmDefinition[]} */
export function definitionsOf(alarms) {
  const quietOnes = [
    { id: "limit-h:CR-L05-VT111.PV", stage: "CR", priority: 3, en: "Crushing line L05 mill vibration high", zh: "粉碎线 L05 磨机振动高" },
    { id: "limit-l:GZ-G3-JT401.PV", stage: "GZ", priority: 2, en: "Rectifier G3 power low", zh: "G3 整流器功率低" },
    { id: "limit-hh:CB-L11B-TIC108.PV", stage: "CB", priority: 1, en: "Kiln L11B zone 8 temperature very high", zh: "L11B 窑 8 区温度过高" },
    { id: "limit-h:SC-L02-WT502.PV", stage: "SC", priority: 3, en: "Screen L02 oversize high", zh: "L02 筛分粗粒偏高" },
  ].map((one) => /** @type {AlarmDefinition} */ ({
    id: one.id,
    rule: one.id.split(":")[0],
    kind: "limit",
    priority: one.priority,
    asset: one.id.split(":")[1],
    tag: one.id.split(":")[1],
    stage: one.stage,
    message_en: one.en,
    message_zh: one.zh,
    state: one.id.startsWith("limit-h:CR") ? "unacknowledged" : "normal",
    alarm: null,
    shadow: one.stage === "SC",
    holds: holdsOf(one.id),
  }));
  const open = alarms.filter(({ state }) => state !== "normal").map((alarm) => /** @type {AlarmDefinition} */ ({
    ...alarm, id: alarm.definition, alarm: alarm.id, shadow: false, holds: holdsOf(alarm.definition),
  }));
  return [...quietOnes, ...open].sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** @param {AlarmDefinition[]} all @param {URLSearchParams} query */
export function listed(all, query) {
  const state = query.get("state") ?? "all";
  const search = (query.get("search") ?? "").toLowerCase();
  const found = all.filter((one) => {
    const fits =
      state === "all" ? true
      : state === "held" ? one.holds.length > 0
      : state === "shadow" ? one.shadow
      : state === "latched" ? one.state === "latched"
      : one.holds.some(({ kind }) => kind === state);
    return fits && `${one.id} ${one.message_en} ${one.message_zh}`.toLowerCase().includes(search);
  });
  return { definitions: found.slice(0, Number(query.get("limit") ?? 100)), total: found.length };
}

/**
 * Does it, and says with which status to answer.
 * @param {string} definition @param {string} action @param {any} body @param {keyof typeof SHELVE_MINUTES} role
 * @returns {[number, string]}
 */
export function act(definition, action, body, role) {
  const held = holdsOf(definition);
  const without = (/** @type {string} */ kind) => held.filter((hold) => hold.kind !== kind);
  const now = Date.now();
  if (role === "viewer" || (action.endsWith("-service") && role === "operator")) return [403, `'${role}' is ${role}; this needs more: ask an administrator`];
  if (action === "shelve") {
    if (body.minutes > SHELVE_MINUTES[role]) return [403, `as ${role} you may shelve an alarm for ${SHELVE_MINUTES[role]} minutes at most`];
    holds.set(definition, [...without("shelved"), { kind: "shelved", since: iso(now), until: iso(now + body.minutes * MINUTE), by: role, reason: body.reason }]);
    note(definition, "shelved", now, role, body.reason);
  } else if (action === "unshelve") {
    holds.set(definition, without("shelved"));
    note(definition, "unshelved", now, role, null);
  } else if (action === "remove-from-service") {
    holds.set(definition, [...held, { kind: "out_of_service", since: iso(now), until: null, by: role, reason: body.reason }]);
    note(definition, "out_of_service", now, role, body.reason);
  } else if (action === "return-to-service") {
    holds.set(definition, without("out_of_service"));
    note(definition, "in_service", now, role, null);
  } else if (action === "comment") {
    note(definition, "commented", now, role, body.text);
  } else {
    return [404, `${action} is not known`];
  }
  return [200, ""];
}

/** @param {string} definition @param {TransitionKind} kind @param {number} atMs @param {string | null} by @param {string | null} comment */
function note(definition, kind, atMs, by, comment) {
  const step = { id: `${definition}-${kind}-${atMs}`, kind, at: iso(atMs), recorded_at: iso(atMs), by, comment, value: null, quiet: null, quiet_by: null };
  journal.set(definition, [step, ...journalOf(definition)]);
}

/** @param {number} ms */
function iso(ms) {
  return new Date(ms).toISOString();
}
