// What the service says of losses, indicators and work in progress; forms as in types.ts.

export type LossKind = "stopped" | "starved" | "blocked" | "slow" | "unknown";
export type LossEvent = {
  id: string;
  unit: string;
  stage: string;
  kind: LossKind;
  start: string;
  end: string | null;
  minutes: number;
  reason: string;
  because_of: string | null;
  root: string;
  lost_t: number | null;
  lost_finished_t: number | null;
  at_stake_t: number;
  said_by: string | null;
  said_at: string | null;
  comment: string | null;
  version: number;
};
export type ReasonName = { reason: string; name_en: string; name_zh: string };
export type StageLosses = {
  stage: string;
  plan_t: number;
  actual_t: number;
  by_reason: { reason: string; lost_t: number; lost_finished_t: number }[];
  speed_t: number;
  idle_t: number;
  off_plan_t: number;
  unknown_unit_h: number;
  unknown_due_t: number;
};
export type Losses = {
  start: string;
  end: string;
  through: string | null;
  stages: StageLosses[];
  events: LossEvent[];
  more_events: boolean;
  reasons: ReasonName[];
};

export type KpiPeriodKind = "shift" | "day" | "month";
export type StageKpi = {
  stage: string;
  known_share: number | null;
  made_t: number;
  kpis: Record<string, number | null>;
  time: Record<string, number>;
  failures: number;
  mtbf_h: number | null;
  mttr_h: number | null;
  energy_kwh: number | null;
};
export type KpiPeriod = {
  start: string;
  end: string;
  through: string;
  shift: string | null;
  stages: StageKpi[];
  bottleneck: { station: string; sole: number; shifting: number }[];
};
export type Kpis = { periods: KpiPeriod[] };

/** Work in progress before and in a stage; unknown: why wip_t is null. */
export type StageWip = {
  stage: string;
  wip_t: number | null;
  uncertainty_t: number | null;
  finished_t: number | null;
  throughput_t_per_h: number | null;
  lead_time_h: number | null;
  since: { at: string; stock_t: number; by: string; entry: string } | null;
  unknown: "no_stock_taking" | "not_metered" | null;
};
/** missing: the stages without which the sums are not known. */
export type LineWip = {
  at: string;
  stages: StageWip[];
  total: { wip_t: number | null; uncertainty_t: number | null; finished_t: number | null; lead_time_h: number | null; missing: string[] };
};
