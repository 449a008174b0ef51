// Who was told: deliveries, their attempts, destinations, and what people do about them.

import { call } from "./rest";
import type { Priority } from "./types";

export const deliveryStates = ["pending", "delivered", "dead", "dismissed"] as const;
export type DeliveryState = (typeof deliveryStates)[number];

/** One transition that one destination is told of. */
export type Delivery = {
  id: number;
  destination: string;
  alarm: string;
  transition: string;
  kind: string;
  priority: Priority;
  asset: string;
  message_en: string;
  message_zh: string;
  message: string | null;
  state: DeliveryState;
  attempts: number;
  next_attempt_at: string | null;
  last_error: string | null;
  answer: string | null;
  created_at: string;
  delivered_at: string | null;
  handed_over_at: string | null;
};

export type Outcome = "delivered" | "failed" | "refused" | "gone";

/** One attempt to hand over one message; alarm is null for a digest, a test or a heartbeat. */
export type Attempt = {
  id: number;
  destination: string;
  message: string;
  kind: "alarm" | "digest" | "test" | "heartbeat";
  alarm: string | null;
  notices: number;
  at: string;
  took_ms: number;
  outcome: Outcome;
  answer: string;
};

export type CircuitState = "closed" | "open" | "half_open" | "disabled";

export type Destination = {
  name: string;
  kind: string;
  min_priority: "critical" | "high" | "medium" | "low";
  state: CircuitState;
  since: string | null;
  failures: number;
  error: string | null;
  not_before: string | null;
  last_success_at: string | null;
  pending: number;
  dead: number;
  oldest_at: string | null;
  per_minute: number | null;
  fallback: string | null;
  fallback_after_s: number;
};

export type DeliveryFilter = { state: DeliveryState | ""; destination: string; alarm?: string };
export type Chosen = { ids: number[] } | { destination: string } | { all: true };
export type TestOutcome = { message: string; outcome: Outcome; answer: string; took_ms: number };

/** A message to look at before any alarm stands. */
export const samples = ["raised", "returned", "escalated", "digest", "test", "heartbeat"] as const;
export type Sample = (typeof samples)[number];

export const post = {
  destinations: () => call<{ destinations: Destination[] }>("GET", "destinations"),
  deliveries: ({ state, destination, alarm = "" }: DeliveryFilter, limit: number, before: number | null) =>
    call<{ deliveries: Delivery[] }>("GET", `deliveries?${filled({ state, destination, alarm, limit, before })}`),
  delivery: (id: number) => call<{ delivery: Delivery; attempts: Attempt[] }>("GET", `deliveries/${id}`),
  log: (destination: string, limit: number, before: number | null) =>
    call<{ attempts: Attempt[] }>("GET", `deliveries/log?${filled({ destination, limit, before })}`),
  replay: (chosen: Chosen) => call<{ deliveries: number }>("POST", "deliveries/replay", { body: chosen }),
  dismiss: (chosen: Chosen) => call<{ deliveries: number }>("POST", "deliveries/dismiss", { body: chosen }),
  test: (name: string) =>
    call<TestOutcome>("POST", `destinations/${encodeURIComponent(name)}/test`, { patienceMs: TEST_MS }),
  preview: (name: string, sample: Sample) =>
    call<{ body: string }>("GET", `destinations/${encodeURIComponent(name)}/preview?${filled({ sample })}`),
  enable: (name: string) => call<Destination>("POST", `destinations/${encodeURIComponent(name)}/enable`),
};

/** A receiver may take its time, and so may the service that waits for it. */
const TEST_MS = 150_000;

function filled(query: Record<string, string | number | null>): URLSearchParams {
  const given = Object.entries(query).filter(([, value]) => value !== "" && value !== null);
  return new URLSearchParams(given.map(([key, value]) => [key, `${value}`]));
}
