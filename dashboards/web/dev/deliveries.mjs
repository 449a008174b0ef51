// Who was told, for the mock: two destinations that work and, in trouble, one that is down and one that is gone.

/** @import { Alarm, Role } from "../src/api/types" */
/** @import { Attempt, Delivery, Destination } from "../src/api/deliveries" */
/** @import { Scene } from "./plant.mjs" */

const MINUTE = 60_000;
/** @type {Destination[]} */
let destinations = [];
/** @type {Delivery[]} */
let deliveries = [];
/** @type {Attempt[]} */
let attempts = [];

/** @param {Alarm[]} alarms @param {Scene} scene */
export function beginDelivering(alarms, scene) {
  const now = Date.now();
  const trouble = scene === "trouble";
  destinations = [
    destination("maintenance", "webhook", { last_success_at: iso(now - 3 * MINUTE) }),
    destination("control-room", "wecom", { per_minute: 20, min_priority: "critical", last_success_at: iso(now - 40 * MINUTE) }),
  ];
  if (trouble) {
    destinations.push(
      destination("foremen", "dingtalk", {
        per_minute: 20,
        state: "open",
        since: iso(now - 95 * MINUTE),
        failures: 23,
        error: "dingtalk foremen: no answer in time (ConnectTimeout('connection to oapi.dingtalk.com timed out'))",
        not_before: iso(now + 4 * MINUTE),
        last_success_at: iso(now - 96 * MINUTE),
        fallback: "maintenance",
        fallback_after_s: 600,
        pending: 4,
      }),
      destination("old-pager", "webhook", {
        state: "disabled",
        since: iso(now - 26 * 60 * MINUTE),
        error: "webhook old-pager: the receiver is gone: HTTP 410 This hook was removed.",
        dead: 2,
      }),
    );
  }
  deliveries = alarms
    .filter(({ priority }) => priority <= 2)
    .slice(0, 40)
    .flatMap((alarm, at) => [
      delivery(alarm, "maintenance", at === 1 ? "pending" : "delivered"),
      ...(trouble && at < 4 ? [delivery(alarm, "foremen", "pending")] : []),
      ...(trouble && at >= 4 && at < 6 ? [delivery(alarm, "old-pager", "dead")] : []),
    ])
    .map((one, at, all) => ({ ...one, id: all.length - at }));
  attempts = deliveries
    .filter((one) => one.attempts > 0)
    .map((one, at, all) => ({
      id: all.length - at,
      destination: one.destination,
      message: one.message ?? "",
      kind: at % 7 === 3 ? "digest" : "alarm",
      alarm: one.alarm,
      notices: at % 7 === 3 ? 31 : 1 + (at % 2),
      at: one.delivered_at ?? one.created_at,
      took_ms: one.state === "delivered" ? 38 : 10_000,
      outcome: one.state === "delivered" ? "delivered" : one.state === "dead" ? "gone" : "failed",
      answer: one.answer ?? "",
    }));
}

/** @param {string} call @param {URLSearchParams} query @param {any} body @param {Role} role @returns {[number, object] | null} */
export function answerDeliveries(call, query, body, role) {
  const [verb = "", path = ""] = call.split(" ");
  if (path === "destinations") return [200, { destinations }];
  if (path === "deliveries/log") return [200, { attempts: page(attempts, query) }];
  if (call === "GET deliveries") {
    const state = query.get("state");
    const alarm = query.get("alarm");
    const found = deliveries.filter((one) => (state === null || one.state === state) && (alarm === null || one.alarm === alarm));
    return [200, { deliveries: page(found, query) }];
  }
  const [subject, name = "", action] = path.split("/").map(decodeURIComponent);
  if (subject !== "deliveries" && subject !== "destinations") return null;
  if (action === "preview") return role === "viewer" ? [403, { detail: "viewers may not do this" }] : preview(query);
  if (verb === "GET") {
    const one = deliveries.find(({ id }) => `${id}` === name);
    const told = attempts.filter(({ alarm, destination }) => alarm === one?.alarm && destination === one?.destination);
    return one === undefined ? [404, { detail: "there is no such delivery" }] : [200, { delivery: one, attempts: told }];
  }
  if (role === "viewer") return [403, { detail: "viewers may not do this" }];
  if (subject === "destinations") return action === "test" ? test(name) : enable(name, role);
  return change(name, body);
}

/** @param {URLSearchParams} query @returns {[number, object]} */
function preview(query) {
  const content = `### !! 2 高 · ${query.get("sample")}：CB-L07B 12区高于高高限\n\n设备：CB-L07B\n状态：未确认\n\n[打开报警](http://x/#/alarms/sample)`;
  return [200, { body: JSON.stringify({ msgtype: "markdown", markdown: { content } }) }];
}

/** @param {string} name @returns {[number, object]} */
function test(name) {
  const works = destinations.find((one) => one.name === name)?.state === "closed";
  const answer = works ? 'HTTP 200 {"errcode":0,"errmsg":"ok"}' : (destinations.find((one) => one.name === name)?.error ?? "");
  const outcome = works ? "delivered" : name === "old-pager" ? "gone" : "failed";
  const message = `test_${Date.now()}`;
  attempts = [
    { id: attempts.length + 1, destination: name, message, kind: "test", alarm: null, notices: 0, at: iso(Date.now()), took_ms: 41, outcome, answer },
    ...attempts,
  ];
  return [200, { message, outcome, answer, took_ms: 41 }];
}

/** @param {string} name @param {Role} role @returns {[number, object]} */
function enable(name, role) {
  if (role !== "administrator") return [403, { detail: "this needs administrator" }];
  const fresh = { state: /** @type {const} */ ("closed"), since: null, failures: 0, error: null, not_before: null };
  destinations = destinations.map((one) => (one.name === name ? { ...one, ...fresh } : one));
  return [200, destinations.find((one) => one.name === name) ?? {}];
}

/** @param {string} deed @param {{ ids?: number[], destination?: string }} body @returns {[number, object]} */
function change(deed, { ids, destination: name }) {
  const meant = (/** @type {Delivery} */ one) =>
    one.state === "dead" && (ids === undefined || ids.includes(one.id)) && (name === undefined || one.destination === name);
  const n = deliveries.filter(meant).length;
  deliveries = deliveries.map((one) =>
    meant(one) ? { ...one, state: deed === "replay" ? "pending" : "dismissed", attempts: deed === "replay" ? 0 : one.attempts } : one,
  );
  destinations = destinations.map((one) => ({ ...one, dead: deliveries.filter((each) => each.destination === one.name && each.state === "dead").length }));
  return [200, { deliveries: n }];
}

/** @template {{ id: number, destination: string }} T @param {T[]} found @param {URLSearchParams} query @returns {T[]} */
function page(found, query) {
  const name = query.get("destination");
  const before = Number(query.get("before") ?? Number.POSITIVE_INFINITY);
  return found.filter((one) => (name === null || one.destination === name) && one.id < before).slice(0, Number(query.get("limit") ?? 100));
}

/** @param {string} name @param {string} kind @param {Partial<Destination>} more @returns {Destination} */
function destination(name, kind, more) {
  return {
    name, kind, min_priority: "high", state: "closed", since: null, failures: 0, error: null, not_before: null,
    last_success_at: null, pending: 0, dead: 0, oldest_at: null, per_minute: null, fallback: null, fallback_after_s: 600, ...more,
  };
}

/** @param {Alarm} alarm @param {string} name @param {Delivery["state"]} state @returns {Delivery} */
function delivery(alarm, name, state) {
  const answers = { delivered: "HTTP 204", dead: "webhook old-pager: the receiver is gone: HTTP 410 This hook was removed.", dismissed: null };
  return {
    id: 0, destination: name, alarm: alarm.id, transition: `${alarm.id}-raised`, kind: "raised", priority: alarm.priority,
    asset: alarm.asset, message_en: alarm.message_en, message_zh: alarm.message_zh, message: `msg_${alarm.id}`, state,
    attempts: state === "pending" ? 3 : 1,
    next_attempt_at: state === "pending" ? iso(Date.now() + MINUTE) : null,
    last_error: state === "pending" ? "HTTP 503 from the receiver" : null,
    answer: state === "pending" ? "HTTP 503 from the receiver" : answers[state],
    created_at: alarm.raised_at,
    delivered_at: state === "delivered" ? iso(Date.parse(alarm.raised_at) + 900) : null,
    handed_over_at: name === "foremen" ? iso(Date.parse(alarm.raised_at) + 10 * MINUTE) : null,
  };
}

/** @param {number} ms */
function iso(ms) {
  return new Date(ms).toISOString();
}
