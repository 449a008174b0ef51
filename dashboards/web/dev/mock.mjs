// A service for developing the pages: the built files and the API, as the contract has it, over an invented plant.
//
//   node dev/mock.mjs [--port 8099] [--scene calm|trouble|flood]
//
// Users: viewer, operator, engineer, administrator; each one's password is its name.
// POST /mock {"scene": …, "flood": true|false, "silent": true|false} changes the scene, or stops the beat while sockets stay open.

import { existsSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { parseArgs } from "node:util";
import { WebSocketServer } from "ws";
import { alarmKpis, historyCsv, historyPage } from "./alarmhistory.mjs";
import { act, beginHolding, definitionsOf, holdsOf, journalOf, listed, SHELVE_MINUTES } from "./alarmdesk.mjs";
import { acknowledged, detailOf, pastAlarms, retrospectiveOf, troubleAlarms } from "./alarms.mjs";
import { answerDeliveries, beginDelivering } from "./deliveries.mjs";
import { answerEntries } from "./entries.mjs";
import { floodAlarms, floodsOf } from "./floods.mjs";
import { forecast } from "./forecast.mjs";
import { membersOf, rulesOf } from "./guidance.mjs";
import { explanationOf, giveReason, kpis, losses, wip } from "./losses.mjs";
import { history, line, liveValue, production, site, STALE_SINCE, tags } from "./plant.mjs";
import { reportList, reportPage } from "./reports.mjs";

/** @import { IncomingMessage, ServerResponse } from "node:http" */
/** @import { Alarm, Role, Source } from "../src/api/types" */
/** @import { Scene } from "./plant.mjs" */

const { values: options } = parseArgs({
  options: { port: { type: "string", default: "8099" }, scene: { type: "string", default: "trouble" } },
});
const dist = join(import.meta.dirname, "../dist");
const types = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".txt": "text/plain; charset=utf-8" };
const policy = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'";

/** @type {Scene} */
let scene = options.scene === "calm" ? "calm" : "trouble";
let silent = false;
let flood = options.scene === "flood";
/** @type {Alarm[]} */
let alarms = [];
/** @type {Map<string, Role>} */
const sessions = new Map();
/** @type {Map<import("ws").WebSocket, string[]>} */
const listeners = new Map();

setScene(scene);

/** @param {Scene} next */
function setScene(next) {
  scene = next;
  beginHolding(Date.now());
  const now = Date.now();
  alarms = [...(flood ? floodAlarms(now) : []), ...(scene === "trouble" ? troubleAlarms(now) : []), ...pastAlarms(now)];
  beginDelivering(alarms, scene);
}

const server = createServer((request, response) => void answer(request, response));
const sockets = new WebSocketServer({ server, path: "/api/v1/stream", verifyClient: (/** @type {{ req: IncomingMessage }} */ { req }) => roleOf(req) !== null });
sockets.on("connection", (socket) => {
  listeners.set(socket, []);
  socket.on("close", () => listeners.delete(socket));
  socket.on("message", (text) => {
    const ids = JSON.parse(String(text)).tags;
    listeners.set(socket, ids);
    send(socket, valuesOf(ids));
  });
  send(socket, { type: "hello", server_time_ms: Date.now() });
  send(socket, { type: "production", ...production(Date.now(), scene) });
  send(socket, activeAlarms());
  send(socket, { type: "floods", positions: floodsOf(Date.now(), flood) });
  send(socket, { type: "sources", sources: sourcesNow() });
});
setInterval(() => tell(() => ({ type: "beat", server_time_ms: Date.now() })), 1000);
setInterval(() => tell(() => ({ type: "production", ...production(Date.now(), scene) })), 3000);
setInterval(() => tell(() => ({ type: "sources", sources: sourcesNow() })), 5000);
setInterval(() => tell((ids) => (ids.length > 0 ? valuesOf(ids) : null)), 1000);
server.listen(Number(options.port), "127.0.0.1", () => {
  console.log(`http://127.0.0.1:${options.port}/  scene ${scene}`);
});

/** @param {(tags: string[]) => object | null} make */
function tell(make) {
  if (silent) return;
  for (const [socket, ids] of listeners) {
    const message = make(ids);
    if (message !== null) send(socket, message);
  }
}

/** @param {import("ws").WebSocket} socket @param {object} message */
function send(socket, message) {
  if (!silent) socket.send(JSON.stringify(message));
}

/** @param {string[]} ids */
function valuesOf(ids) {
  const known = tags.filter(({ id }) => ids.includes(id));
  return { type: "values", values: known.map((tag) => liveValue(tag, Date.now(), scene)) };
}

function activeAlarms() {
  const open = alarms.filter(({ state }) => state !== "normal").map((each) => ({ ...each, holds: holdsOf(each.definition) }));
  const held = definitionsOf(alarms).filter(({ holds }) => holds.length > 0).length;
  return { type: "alarms", active: open.filter(({ holds }) => holds.length === 0), held };
}

/** @returns {Source[]} */
function sourcesNow() {
  const now = Date.now();
  const ago = (/** @type {number} */ ms) => new Date(now - ms).toISOString();
  /** @type {Source[]} */
  const sources = [
    {
      name: "plant",
      kind: "opcua",
      state: "connected",
      since: ago(5 * 3_600_000),
      error: null,
      counters: { values: 9_812_334 },
      details: {},
      groups: [
        { group: "plant/main", covered_until: ago(600), stale: false },
        ...(scene === "trouble" ? [{ group: "plant/granulation", covered_until: new Date(STALE_SINCE).toISOString(), stale: true }] : []),
      ],
    },
  ];
  if (scene === "trouble") {
    sources.push({
      name: "lab",
      kind: "opcua",
      state: "lost",
      since: new Date(STALE_SINCE).toISOString(),
      error: "opc.tcp://10.20.0.31:4840: no answer within 5 s",
      counters: {},
      details: {},
      groups: [{ group: "lab/main", covered_until: null, stale: true }],
    });
  }
  return sources;
}

/** @param {IncomingMessage} request @param {ServerResponse} response */
async function answer(request, response) {
  const url = new URL(request.url ?? "/", "http://mock");
  if (url.pathname.startsWith("/api/v1/")) return api(request, response, url);
  if (url.pathname === "/mock" && request.method === "POST") {
    const wanted = await bodyOf(request);
    if (wanted.flood !== undefined) {
      flood = wanted.flood;
      setScene(scene);
      tell(() => activeAlarms());
      tell(() => ({ type: "floods", positions: floodsOf(Date.now(), flood) }));
    }
    if (wanted.scene !== undefined) setScene(wanted.scene);
    if (wanted.silent !== undefined) silent = wanted.silent;
    return json(response, 200, { scene, silent });
  }
  if (url.pathname === "/openapi.json") {
    return json(response, 200, { openapi: "3.1.0", info: { title: "Anodewatch mock", version: "0" }, paths: {} });
  }
  const path = url.pathname === "/" ? "index.html" : url.pathname === "/api/docs" ? "api-docs/index.html" : url.pathname;
  const file = join(dist, normalize(path));
  if (!file.startsWith(dist) || !existsSync(file) || !statSync(file).isFile()) return json(response, 404, { detail: "not found" });
  const type = types[/** @type {keyof typeof types} */ (extname(file))] ?? "application/octet-stream";
  response.writeHead(200, { "Content-Type": type, "Content-Security-Policy": policy }).end(readFileSync(file));
}

/** @param {IncomingMessage} request @param {ServerResponse} response @param {URL} url */
async function api(request, response, url) {
  const path = url.pathname.slice("/api/v1/".length);
  const call = `${request.method} ${path}`;
  if (request.method !== "GET" && request.headers["x-anodewatch"] !== "1") return json(response, 403, { detail: "header X-Anodewatch: 1 is missing" });
  if (call === "POST session") return login(response, await bodyOf(request));
  const role = roleOf(request);
  if (role === null) return json(response, 401, { detail: "not logged in" });
  const query = url.searchParams;
  const numberOf = (/** @type {string} */ name, /** @type {number} */ or) => Number(query.get(name) ?? or);
  if (call === "DELETE session") return endSession(request, response);
  if (call === "GET session") return json(response, 200, { user: { name: role, role }, site, shelve_minutes: SHELVE_MINUTES[role] });
  if (call === "GET line") return json(response, 200, line);
  if (call === "GET production") return json(response, 200, production(Date.now(), scene));
  if (call === "GET forecast") return json(response, 200, forecast(Date.now(), scene));
  if (call === "GET losses") return json(response, 200, losses(Date.now(), numberOf("start", 0)));
  if (call === "GET kpi") return json(response, 200, kpis(Date.now(), numberOf("start", 0)));
  if (call === "GET wip") return json(response, 200, wip(Date.now()));
  if (call === "GET sources") return json(response, 200, { sources: sourcesNow() });
  if (call === "GET reports") return json(response, 200, reportList(Date.now(), numberOf("limit", 50), numberOf("offset", 0)));
  const page = /^GET reports\/(.+)\.html$/.exec(call);
  if (page !== null) return void response.writeHead(200, { "Content-Type": "text/html; charset=utf-8" }).end(reportPage(page[1] ?? "", query.get("lang") ?? "en"));
  if (call === "GET tags") return json(response, 200, findTags(query.get("query") ?? "", numberOf("limit", 100)));
  if (call === "GET retrospective") return json(response, 200, { entries: retrospectiveOf(Date.now()) });
  if (call === "GET history") {
    const ids = (query.get("tags") ?? "").split(",");
    const [start, end] = [Date.parse(query.get("start") ?? ""), Date.parse(query.get("end") ?? "")];
    return json(response, 200, history(ids, start, end, numberOf("buckets", 1000), scene));
  }
  if (call === "GET alarms/history") return json(response, 200, historyPage(alarms, query));
  if (call === "GET alarms/history.csv") {
    response.writeHead(200, { "Content-Type": "text/csv; charset=utf-8", "Content-Disposition": 'attachment; filename="alarms.csv"' });
    return response.end(historyCsv(alarms, query));
  }
  if (call === "GET alarms/rules") return json(response, 200, { start: query.get("start"), end: new Date().toISOString(), rules: rulesOf() });
  if (call === "GET alarms/kpi") return json(response, 200, alarmKpis(Date.now(), query));
  if (call === "GET alarms") return json(response, 200, { alarms: activeAlarms().active });
  const body = await bodyOf(request);
  const told = answerDeliveries(call, query, body, role);
  if (told !== null) return json(response, ...told);
  const more = answerEntries(call, body, role, query.get("preview") === "true");
  if (more !== null) return json(response, ...more);
  const [, id = "", action] = path.split("/").map(decodeURIComponent);
  if (request.method === "PUT" && path.startsWith("losses/") && action === "reason") {
    const told = giveReason(id, role, body);
    return typeof told === "number" ? json(response, told, { detail: "look again" }) : json(response, 200, told);
  }
  if (path === "alarm-definitions") return json(response, 200, listed(definitionsOf(alarms), query));
  if (path.startsWith("alarm-definitions/")) {
    if (action === "transitions") return json(response, 200, { transitions: journalOf(id) });
    return deed(response, id, action ?? "", body, role, () => definitionsOf(alarms).find((each) => each.id === id));
  }
  if (call === "POST alarms/acknowledge") return acknowledgeAll(response, body, role);
  const alarm = alarms.find((each) => each.id === id);
  if (!path.startsWith("alarms/") || alarm === undefined) return json(response, 404, { detail: `${path} is not known` });
  if (action === undefined) return json(response, 200, detailOf(alarm));
  if (action === "explain") return json(response, 200, explanationOf(alarm));
  if (action === "members") return json(response, 200, { alarms: membersOf(alarm) });
  if (action !== "acknowledge") {
    return deed(response, alarm.definition, action, body, role, () => ({ ...alarm, holds: holdsOf(alarm.definition) }));
  }
  if (role === "viewer") return json(response, 403, { detail: "viewers may not acknowledge" });
  if (alarm.state !== "unacknowledged" && alarm.state !== "returned") return json(response, 409, { detail: "nothing to acknowledge" });
  const { comment = null } = body;
  const done = acknowledged(alarm, role, comment);
  alarms = alarms.map((each) => (each.id === id ? done : each));
  tell(activeAlarms);
  return json(response, 200, done);
}

/** @param {ServerResponse} response @param {string} definition @param {string} action @param {any} body @param {Role} role @param {() => object | undefined} shown */
function deed(response, definition, action, body, role, shown) {
  const [status, detail] = act(definition, action, body, role);
  if (status !== 200) return json(response, status, { detail });
  tell(activeAlarms);
  return json(response, 200, shown() ?? {});
}

/** @param {ServerResponse} response @param {{ alarms: string[], comment?: string }} body @param {Role} role */
function acknowledgeAll(response, body, role) {
  if (role === "viewer") return json(response, 403, { detail: "viewers may not acknowledge" });
  const open = alarms.filter(({ id, state }) => body.alarms.includes(id) && (state === "unacknowledged" || state === "returned"));
  alarms = alarms.map((each) => (open.includes(each) ? acknowledged(each, role, body.comment ?? null) : each));
  tell(activeAlarms);
  return json(response, 200, { alarms: open.map(({ id }) => id) });
}

/** @param {string} query @param {number} limit */
function findTags(query, limit) {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const found = tags.filter((tag) => {
    const text = `${tag.id} ${tag.name_en} ${tag.name_zh}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
  return { total: found.length, tags: found.slice(0, limit) };
}

/** @param {ServerResponse} response @param {{ username?: string, password?: string }} body */
function login(response, { username = "", password }) {
  const roles = ["viewer", "operator", "engineer", "administrator"];
  if (!roles.includes(username) || password !== username) return json(response, 401, { detail: "name or password is wrong" });
  const token = `${username}-${Math.random().toString(36).slice(2)}`;
  sessions.set(token, /** @type {Role} */ (username));
  response.setHeader("Set-Cookie", `anodewatch_session=${token}; HttpOnly; SameSite=Strict; Path=/`);
  return json(response, 200, { user: { name: username, role: username } });
}

/** @param {IncomingMessage} request @param {ServerResponse} response */
function endSession(request, response) {
  sessions.delete(tokenOf(request));
  response.writeHead(204).end();
}

/** @param {IncomingMessage} request @returns {Role | null} */
function roleOf(request) {
  return sessions.get(tokenOf(request)) ?? null;
}

/** @param {IncomingMessage} request */
function tokenOf(request) {
  return /anodewatch_session=([^;]+)/.exec(request.headers.cookie ?? "")?.[1] ?? "";
}

/** @param {IncomingMessage} request @returns {Promise<any>} */
async function bodyOf(request) {
  let text = "";
  for await (const chunk of request) text += chunk;
  return text === "" ? {} : JSON.parse(text);
}

/** @param {ServerResponse} response @param {number} status @param {object} body */
function json(response, status, body) {
  response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
}
