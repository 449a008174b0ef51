// The page's one store: who is logged in, what the stream says, what time it is at the plant.

import { batch, computed, signal } from "@preact/signals";
import { CallFailed, rest, whenUnauthenticated } from "../api/rest";
import { type Connection, type Socket, Stream } from "../api/stream";
import type { Alarm, Line, Session } from "../api/types";
import { hear, type Live, nothingYet, withAlarm } from "./live";

/** unknown: not asked yet. expired: there was a session, and the service no longer knows it. */
export type Identity =
  | { state: "unknown" }
  | { state: "nobody"; expired: boolean }
  | { state: "unreachable" }
  | { state: "known"; session: Session };

export const identity = signal<Identity>({ state: "unknown" });
export const line = signal<Line | null>(null);
export const lineError = signal<string | null>(null);
export const live = signal<Live>(nothingYet);
export const connection = signal<Connection>({ state: "connecting" });
/** Browser's epoch milliseconds, once a second. */
const tick = signal(Date.now());

export const site = computed(() => (identity.value.state === "known" ? identity.value.session.site : null));
export const user = computed(() => (identity.value.state === "known" ? identity.value.session.user : null));
export const timeZone = computed(() => site.value?.time_zone ?? "UTC");
const offsetMs = computed(() => live.value.offsetMs);
/** The service's present time, in epoch milliseconds, once a second. */
export const serverNowMs = computed(() => tick.value + offsetMs.value);
export const alarms = computed(() => live.value.alarms);
export const held = computed(() => live.value.held);
export const floods = computed(() => live.value.floods);
export const production = computed(() => live.value.production);
export const sources = computed(() => live.value.sources);
export const values = computed(() => live.value.values);
export const mayAcknowledge = computed(() => user.value !== null && user.value.role !== "viewer");
/** Enters what no tag tells; engineers also correct meters and change the calendar. */
export const mayEnter = mayAcknowledge;
/** For how many minutes this user may shelve an alarm. */
export const shelveMinutes = computed(() =>
  identity.value.state === "known" ? identity.value.session.shelve_minutes : 0,
);
export const mayPlan = computed(() => user.value?.role === "engineer" || user.value?.role === "administrator");
/** Old values must look old, on every page. */
export const isLost = computed(() => connection.value.state === "lost");

/** A browser instant on the service's clock. */
export function onServerClock(browserMs: number): number {
  return browserMs + offsetMs.value;
}

let stream: Stream | null = null;
let wantedTags: readonly string[] = [];
const RETRY_MS = 3_000;

/** Starts the clock and finds out who is logged in. */
export function start(): void {
  setInterval(() => {
    tick.value = Date.now();
  }, 1000);
  whenUnauthenticated(() => leave({ expired: true }));
  void recognise();
}

/** Asks the service who this is; begins to listen when it knows. */
export async function recognise(): Promise<void> {
  try {
    const session = await rest.session();
    identity.value = { state: "known", session };
    listen();
    await readLine();
  } catch (error) {
    if (error instanceof CallFailed && error.status === 401) {
      leave({ expired: identity.value.state === "known" });
      return;
    }
    if (identity.value.state === "known") return; // the stream keeps trying, and says so
    identity.value = { state: "unreachable" };
    setTimeout(() => void recognise(), RETRY_MS);
  }
}

export async function login(name: string, password: string): Promise<void> {
  await rest.login(name, password);
  await recognise();
}

export async function logout(): Promise<void> {
  await rest.logout();
  leave({ expired: false });
}

export async function acknowledge(id: string, comment: string): Promise<Alarm> {
  const alarm = await rest.acknowledge(id, comment);
  show(alarm);
  return alarm;
}

/** Takes up how an alarm stands after somebody did something to it. */
export function show(alarm: Alarm): void {
  live.value = withAlarm(live.value, alarm);
}

/** Which tags' values the page wants now; an empty list wants none. */
export function subscribe(tags: readonly string[]): void {
  wantedTags = tags;
  stream?.subscribe(tags);
}

async function readLine(): Promise<void> {
  try {
    line.value = await rest.line();
    lineError.value = null;
  } catch (error) {
    if (!(error instanceof CallFailed)) throw error;
    lineError.value = error.detail;
    if (identity.value.state === "known") setTimeout(() => void readLine(), RETRY_MS);
  }
}

function listen(): void {
  if (stream !== null) return;
  connection.value = { state: "connecting" };
  stream = new Stream({
    open: openSocket,
    monotonicMs: () => performance.now(),
    nowMs: () => Date.now(),
    random: () => Math.random(),
    onMessage: (message) => {
      live.value = hear(live.value, message, Date.now());
    },
    onConnection: (now) => {
      connection.value = now;
    },
    // A refused handshake tells the browser nothing: ask whether the session still stands.
    onRetry: () => void recognise(),
  });
  stream.subscribe(wantedTags);
}

function openSocket(): Socket {
  const address = new URL("api/v1/stream", location.href);
  address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
  address.hash = "";
  return new WebSocket(address) as Socket;
}

function leave({ expired }: { expired: boolean }): void {
  stream?.stop();
  stream = null;
  batch(() => {
    identity.value = { state: "nobody", expired };
    live.value = nothingYet;
    line.value = null;
  });
}
