// What one pane shows, for all that draw on it.

import type { Signal } from "@preact/signals";
import type { Interval } from "./trace";
import type { ShownTag } from "./traces";

export type PaneProps = {
  units: readonly string[];
  tags: readonly ShownTag[];
  shown: Interval;
  width: number;
  height: number;
  /** Panes share the labels of the last one's time axis. */
  last: boolean;
  cursorMs: Signal<number | null>;
  onZoom(fromMs: number, toMs: number): void;
  onBack(): void;
};
