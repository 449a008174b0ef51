// What the service says, as the API's contract has it. Instants are RFC 3339 UTC strings; fields
// that end in _ms are epoch milliseconds.

import type { Guidance } from "./guidance";

export type Role = "viewer" | "operator" | "engineer" | "administrator";
export type User = { name: string; role: Role };
export type Site = {
  id: string;
  name_en: string;
  name_zh: string;
  time_zone: string;
  target_t: number;
  year: number;
};
/** shelve_minutes: for so long this user may shelve an alarm; 0 for who may not. */
export type Session = { user: User; site: Site; shelve_minutes: number };

export type Stage = {
  id: string;
  name_en: string;
  name_zh: string;
  finished_eq: number;
  capacity_t_per_h: number;
  /** False where an hour's output means nothing: a furnace unloads tens of tonnes at once. */
  hourly: boolean;
  feeds: string[];
  units: { id: string; tag: string }[];
};
export type Shift = { name: string; start: string };
export type Line = { stages: Stage[]; output_stage: string; shifts: Shift[] };

export type WindowName = "hour" | "shift" | "day" | "month" | "year";
/** Made and planned tonnes of one window; the deviation compares over the known minutes only. */
export type Window = {
  start: string;
  end: string;
  actual_t: number | null;
  plan_t: number;
  plan_known_t: number;
  deviation_pct: number | null;
  known_share: number;
};
export type StageState = "ok" | "low" | "unknown" | "stopped";
export type StageProduction = {
  id: string;
  rate_t_per_h: number | null;
  required_t_per_h: number;
  state: StageState;
  stale_since: string | null;
  windows: Record<WindowName, Window>;
};
export type Production = {
  at: string;
  closed_through: string | null;
  planned_now: boolean;
  catch_up_t_per_h: number | null;
  stages: StageProduction[];
  output: StageProduction;
};

export type Band = { share: number; low_t: number; high_t: number };
/** Parts sum to total_t. */
export type ForecastChange = {
  since: string;
  p_target_before: number;
  target_before_t: number;
  total_t: number;
  produced_t: number;
  rate_t: number;
  availability_t: number;
  calendar_t: number;
  now_t: number;
};
export type PeriodForecast = {
  start: string;
  end: string;
  target_t: number;
  produced_t: number;
  unknown_h: number;
  left_h: number;
  expected_t: number;
  median_t: number;
  bands: Band[];
  p_target: number;
  rate_t_per_h: number;
  availability: number;
  change: ForecastChange | null;
};
export type NoForecast = { reason: "short_history" | "mostly_unknown" };
export type Forecast = {
  origin: string | null;
  history_h: number;
  needed_h: number;
  shift: PeriodForecast | NoForecast | null;
  month: PeriodForecast | NoForecast | null;
  year: PeriodForecast | NoForecast | null;
};

export type TagKind = "analog" | "counter" | "boolean" | "state" | "text";
export type LimitName = "hh" | "h" | "l" | "ll";
export type Tag = {
  id: string;
  connector: string;
  /** The item group, "connector/group", as gaps name it. */
  group: string;
  unit: string;
  kind: TagKind;
  name_en: string;
  name_zh: string;
  low: number | null;
  high: number | null;
  limits: Record<LimitName, number | null>;
  asset: string;
  area: string;
};

export type Quality = "good" | "uncertain" | "bad" | "none";
export type Reading = number | boolean | string | null;
type ValueBody = {
  tag: string;
  value: Reading;
  received: string | null;
  status: number;
  quality: Quality;
  stale: boolean;
  stale_since: string | null;
};
export type Value = ValueBody & { time: string | null };
export type StreamedValue = ValueBody & { time_ms: number | null };

export type Series = {
  tag: string;
  unit: string;
  kind: TagKind;
  times_ms: number[];
  values: Reading[];
  status: number[];
};
/** An interval in which the item group `connector/group` was not provably alive. */
export type Gap = { group: string; start_ms: number; end_ms: number };
export type History = { start: string; end: string; series: Series[]; gaps: Gap[] };

export type Priority = 1 | 2 | 3 | 4;
export type AlarmState = "unacknowledged" | "acknowledged" | "returned" | "latched" | "normal";
/** Why nobody is called about an alarm. */
export type Quiet = "out_of_service" | "suppressed" | "shelved" | "shadow" | "inhibited" | "chattering";
/** What keeps people from being called. by: null where the plant's state does it. until: null when somebody must end it. */
export type Hold = {
  kind: Quiet;
  since: string;
  until: string | null;
  by: string | null;
  reason: string;
};
export type Alarm = {
  id: string;
  rule: string;
  kind: string;
  priority: Priority;
  asset: string;
  tag: string | null;
  stage: string | null;
  state: AlarmState;
  message_en: string;
  message_zh: string;
  raised_at: string;
  returned_at: string | null;
  acknowledged_at: string | null;
  acknowledged_by: string | null;
  comment: string | null;
  value: number | null;
  limit: number | null;
  unit: string;
  definition: string;
  quiet: Quiet | null;
  holds: Hold[];
  /** The alarm to which it belongs: itself when it is the first. */
  root: string | null;
  /** How many other open alarms belong to it. */
  members: number;
};
/** An operator position; since: of the flood that lasts. */
export type Flood = { position: string; stages: string[]; since: string | null; alarms: number; recent: number };
export type TransitionKind =
  | "raised"
  | "reraised"
  | "escalated"
  | "returned"
  | "acknowledged"
  | "reset"
  | "cleared"
  | "shelved"
  | "unshelved"
  | "suppressed"
  | "unsuppressed"
  | "out_of_service"
  | "in_service"
  | "commented";
export type Transition = {
  id: string;
  kind: TransitionKind;
  at: string;
  recorded_at: string;
  by: string | null;
  comment: string | null;
  value: number | null;
  quiet: Quiet | null;
  quiet_by: string | null;
};
export type AlarmDetail = Alarm & { guidance: Guidance | null; transitions: Transition[] };

export type EntryKind = "weighbridge" | "scrap" | "stock" | "hold" | "release" | "correction" | "note";
/** amount: kg, or bags of a lot; without one for a note. Instants are RFC 3339. */
export type NewEntry = {
  kind: EntryKind;
  subject: string;
  start: string;
  end?: string;
  amount?: number;
  reason: string;
  reference: string;
};
export type Cancellation = { by: string; at: string; reason: string };
export type Entry = {
  id: string;
  kind: EntryKind;
  subject: string;
  start: string;
  end: string;
  amount: number | null;
  unit: "kg" | "bags" | "";
  reason: string;
  reference: string;
  by: string;
  at: string;
  cancelled: Cancellation | null;
};
export type Lot = { id: string; held_bags: number; released_bags: number; standing_bags: number };
export type Lots = { lots: Lot[]; standing_bags: number; released_bags: number };

export type DowntimeKind = "holiday" | "overhaul" | "curtailment" | "planned";
export type Downtime = { start: string; end: string; reason: string; kind: DowntimeKind };
export type PlanVersion = { number: number; effective: string; by: string; at: string; reason: string; change: string };
export type Calendar = {
  version: number;
  time_zone: string;
  day_start: string;
  crews: number;
  shifts: Shift[];
  downtimes: Downtime[];
  versions: PlanVersion[];
};
/** Edges are instants, or dates for the begin of that production day. */
export type CalendarChange = { add?: Downtime[]; remove?: string[]; reason: string; based_on: number };
export type StageNeed = {
  stage: string;
  before_t_per_h: number;
  after_t_per_h: number;
  capacity_t_per_h: number;
  possible: boolean;
};
/** What a change means for the rest of the production year. */
export type Meaning = {
  year: number;
  target_before_t: number;
  target_after_t: number;
  planned_before_h: number;
  planned_after_h: number;
  catch_up_before_t_per_h: number | null;
  catch_up_after_t_per_h: number | null;
  stages: StageNeed[];
};
export type Changed = { preview: boolean; version: number; effective: string; meaning: Meaning };

/** What late knowledge says of one alarm; it calls nobody out. */
export type RetrospectiveEntry = {
  id: string;
  finding: "disproved" | "missed";
  rule: string;
  priority: number;
  asset: string;
  stage: string | null;
  message_en: string;
  message_zh: string;
  alarm: string | null;
  at: string;
  value_then: number | null;
  value_now: number | null;
  why_en: string;
  why_zh: string;
  found_at: string;
};

/** A kept shift report's newest revision, with plant output; unknown is null. */
export type ReportItem = {
  shift: string;
  name: string;
  start: string;
  end: string;
  made_at: string;
  revision: number;
  final: boolean;
  actual_t: number | null;
  plan_t: number;
  deviation_pct: number | null;
};
/** current: the shift that is on, whose report can be opened too. */
export type ReportList = { current: string; reports: ReportItem[] };

export type SourceState = "connecting" | "connected" | "failed" | "lost" | "ended";
export type Source = {
  name: string;
  kind: string;
  state: SourceState;
  since: string;
  error: string | null;
  counters: Record<string, number>;
  details: Record<string, unknown>;
  groups: { group: string; covered_until: string | null; stale: boolean }[];
};

export type Certainty = "sure" | "likely" | "unsure";
/** What lies behind an alarm; numbers beyond these are in the API. */
export type AlarmExplanation = {
  alarm: string;
  cause: { certainty: Certainty; stage: string } | null;
  words_en: string;
  words_zh: string;
  meanwhile: { id: string; kind: string; asset: string; message_en: string; message_zh: string; since: string; until: string | null }[];
};

export type StreamMessage =
  | { type: "hello"; server_time_ms: number }
  | { type: "beat"; server_time_ms: number }
  | { type: "values"; values: StreamedValue[] }
  | ({ type: "production" } & Production)
  | { type: "alarms"; active: Alarm[]; held: number }
  | { type: "floods"; positions: Flood[] }
  | { type: "sources"; sources: Source[] };
