// The REST calls. Addresses are relative to the page, so that a reverse proxy may put it in a folder.

import { type AlarmKpis, type AlarmPage, type HistoryFilter, queryOf } from "./alarmhistory";
import type { KpiPeriodKind, Kpis, LineWip, LossEvent, Losses } from "./losses";
import type {
  Alarm,
  AlarmDetail,
  Calendar,
  CalendarChange,
  Changed,
  AlarmExplanation,
  Entry,
  Forecast,
  History,
  Line,
  Lots,
  NewEntry,
  Production,
  ReportList,
  RetrospectiveEntry,
  Session,
  Source,
  Tag,
} from "./types";

const TIMEOUT_MS = 10_000;

/** A call that failed. status 0: nobody answered in time. detail: what the service said. */
export class CallFailed extends Error {
  constructor(
    readonly status: number,
    readonly detail: string,
  ) {
    super(detail);
  }
}

let onUnauthenticated: () => void = () => {};
/** `then` runs whenever a call other than a log-in finds that nobody is logged in. */
export function whenUnauthenticated(then: () => void): void {
  onUnauthenticated = then;
}

export const rest = {
  session: () => call<Session>("GET", "session", { quiet: true }),
  login: (username: string, password: string) =>
    call<unknown>("POST", "session", { body: { username, password }, quiet: true }),
  logout: () => call<void>("DELETE", "session"),
  line: () => call<Line>("GET", "line"),
  forecast: () => call<Forecast>("GET", "forecast"),
  production: () => call<Production>("GET", "production"),
  reports: (limit: number, offset: number) => call<ReportList>("GET", `reports?limit=${limit}&offset=${offset}`),
  sources: () => call<{ sources: Source[] }>("GET", "sources"),
  tags: (query: string, limit: number) =>
    call<{ total: number; tags: Tag[] }>("GET", `tags?${new URLSearchParams({ query, limit: `${limit}` })}`),
  history: (tags: readonly string[], startMs: number, endMs: number, buckets: number) =>
    call<History>(
      "GET",
      `history?${new URLSearchParams({
        tags: tags.join(","),
        start: new Date(startMs).toISOString(),
        end: new Date(endMs).toISOString(),
        buckets: `${buckets}`,
      })}`,
    ),
  alarmHistory: (filter: HistoryFilter, limit: number, after: string | null) =>
    call<AlarmPage>("GET", `alarms/history?${queryOf(filter)}&limit=${limit}${after === null ? "" : `&after=${after}`}`),
  /** Where the browser gets the same alarms with every step, as a file. */
  alarmExport: (filter: HistoryFilter) => `api/v1/alarms/history.csv?${queryOf(filter)}`,
  alarmKpis: (startMs: number, by: "shift" | "day" | null) =>
    call<AlarmKpis>("GET", `alarms/kpi?start=${startMs}${by === null ? "" : `&by=${by}`}`),
  losses: (startMs: number) => call<Losses>("GET", `losses?start=${startMs}`),
  kpis: (by: KpiPeriodKind, startMs: number) => call<Kpis>("GET", `kpi?by=${by}&start=${startMs}`),
  wip: () => call<LineWip>("GET", "wip"),
  giveReason: (event: LossEvent, reason: string, comment: string) =>
    call<LossEvent>("PUT", `losses/${encodeURIComponent(event.id)}/reason`, {
      body: { reason, comment, version: event.version },
    }),
  explanation: (id: string) => call<AlarmExplanation>("GET", `alarms/${encodeURIComponent(id)}/explain`),
  alarm: (id: string) => call<AlarmDetail>("GET", `alarms/${encodeURIComponent(id)}`),
  acknowledge: (id: string, comment: string) =>
    call<Alarm>("POST", `alarms/${encodeURIComponent(id)}/acknowledge`, {
      body: comment === "" ? {} : { comment },
    }),
  entries: (limit: number) => call<{ entries: Entry[] }>("GET", `entries?limit=${limit}`),
  /** key: the same for a retry, so that it enters once. */
  enter: (entry: NewEntry, key: string) => call<Entry>("POST", "entries", { body: entry, key }),
  cancelEntry: (id: string, reason: string) =>
    call<Entry>("POST", `entries/${encodeURIComponent(id)}/cancel`, { body: { reason } }),
  lots: () => call<Lots>("GET", "lots"),
  calendar: () => call<Calendar>("GET", "calendar"),
  changeCalendar: (change: CalendarChange, preview: boolean) =>
    call<Changed>("POST", `calendar?preview=${preview}`, { body: change }),
  retrospective: (limit: number) =>
    call<{ entries: RetrospectiveEntry[] }>("GET", `retrospective?limit=${limit}`),
};

/** quiet: a 401 is an answer here, not the end of the session. */
export async function call<T>(
  method: "GET" | "POST" | "PUT" | "DELETE",
  path: string,
  {
    body,
    quiet = false,
    key,
    patienceMs = TIMEOUT_MS,
  }: { body?: unknown; quiet?: boolean; key?: string; patienceMs?: number } = {},
): Promise<T> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (method !== "GET") headers["X-Anodewatch"] = "1"; // proves that the request came from this page
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (key !== undefined) headers["Idempotency-Key"] = key;
  let response: Response;
  try {
    response = await fetch(`api/v1/${path}`, {
      method,
      headers,
      credentials: "same-origin",
      cache: "no-store",
      signal: AbortSignal.timeout(patienceMs),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  } catch (error) {
    throw new CallFailed(0, error instanceof Error ? error.message : `${error}`);
  }
  if (response.status === 401 && !quiet) onUnauthenticated();
  if (!response.ok) throw new CallFailed(response.status, await detailOf(response));
  return (response.status === 204 ? undefined : await response.json()) as T;
}

async function detailOf(response: Response): Promise<string> {
  const fallback = `${response.status} ${response.statusText}`.trim();
  try {
    const { detail } = (await response.json()) as { detail?: unknown };
    return typeof detail === "string" ? detail : fallback;
  } catch {
    return fallback; // a proxy's page, not the service's words
  }
}
