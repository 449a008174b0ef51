// What the stream has told so far, and how each message changes it. Pure: the store around it holds it.

import type {
  Alarm,
  Flood,
  Priority,
  Production,
  Source,
  StreamedValue,
  StreamMessage,
} from "../api/types";

export type Live = {
  /** Server clock minus browser clock, in milliseconds. */
  offsetMs: number;
  production: Production | null;
  /** null: not told yet, which is not the same as none. */
  alarms: readonly Alarm[] | null;
  /** How many alarms are shelved, suppressed by design or out of service. */
  held: number;
  floods: readonly Flood[];
  sources: readonly Source[] | null;
  values: ReadonlyMap<string, StreamedValue>;
};

export const nothingYet: Live = {
  offsetMs: 0,
  production: null,
  alarms: null,
  held: 0,
  floods: [],
  sources: null,
  values: new Map(),
};

/** `live` after `message`, which came at `nowMs` of the browser's clock. */
export function hear(live: Live, message: StreamMessage, nowMs: number): Live {
  switch (message.type) {
    case "hello":
    case "beat":
      return { ...live, offsetMs: steadier(live.offsetMs, message.server_time_ms - nowMs) };
    case "production": {
      const { type: _, ...production } = message;
      return { ...live, production };
    }
    case "alarms":
      return { ...live, alarms: sorted(message.active), held: message.held };
    case "floods":
      return { ...live, floods: message.positions };
    case "sources":
      return { ...live, sources: message.sources };
    case "values": {
      const values = new Map(live.values);
      for (const value of message.values) values.set(value.tag, value);
      return { ...live, values };
    }
    default:
      return live; // a newer service may say more than this page knows
  }
}

/** `live` with one alarm as it is after somebody acknowledged it. */
export function withAlarm(live: Live, alarm: Alarm): Live {
  if (live.alarms === null) return live;
  const others = live.alarms.filter(({ id }) => id !== alarm.id);
  const isActive = alarm.state !== "normal" && alarm.holds.length === 0;
  return { ...live, alarms: isActive ? sorted([...others, alarm]) : others };
}

/** Most urgent first, and within a priority the newest first. */
export function sorted(alarms: readonly Alarm[]): Alarm[] {
  return [...alarms].sort(
    (a, b) => a.priority - b.priority || Date.parse(b.raised_at) - Date.parse(a.raised_at),
  );
}

export function needsAcknowledging(alarm: Alarm): boolean {
  return alarm.state === "unacknowledged" || alarm.state === "returned";
}

export function countByPriority(alarms: readonly Alarm[]): Record<Priority, number> {
  const counts: Record<Priority, number> = { 1: 0, 2: 0, 3: 0, 4: 0 };
  for (const { priority } of alarms) counts[priority] += 1;
  return counts;
}

/** The alarm that should be looked at first: unacknowledged, still standing before returned. */
export function mostUrgent(alarms: readonly Alarm[]): Alarm | null {
  const open = alarms.filter(needsAcknowledging);
  const first = open[0];
  if (first === undefined) return null;
  return open.find((a) => a.priority === first.priority && a.state === "unacknowledged") ?? first;
}

/** Network delay makes each beat's offset a little wrong; small wobbles must not move the clock. */
function steadier(known: number, measured: number): number {
  return known !== 0 && Math.abs(measured - known) < 500 ? known : measured;
}
