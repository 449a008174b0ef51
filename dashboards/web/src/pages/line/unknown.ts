// How much of a window is not known, and which part of its plan its tonnes may be compared with.

import type { Window } from "../../api/types";

/** Unknown time of the window so far, in milliseconds; the future is not unknown. */
export function unknownMs(window: Window, nowMs: number): number {
  const startMs = Date.parse(window.start);
  const endMs = Math.min(Date.parse(window.end), nowMs);
  return Math.max(0, endMs - startMs) * Math.min(1, Math.max(0, 1 - window.known_share));
}

/** The plan of the known minutes, which is the one that the deviation compares with. */
export function comparablePlan(window: Window): number {
  return window.known_share < 1 ? window.plan_known_t : window.plan_t;
}
