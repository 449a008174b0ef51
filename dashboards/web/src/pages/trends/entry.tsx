// Trends bring the chart library with them, so they are loaded when they are first shown.

import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { words } from "../../words";

export function TrendsEntry() {
  const [Page, setPage] = useState<ComponentType | null>(null);
  useEffect(() => {
    void import("./trends").then((module) => setPage(() => module.TrendsPage));
  }, []);
  return Page === null ? <p class="waiting">{words.value.trends.loading}</p> : <Page />;
}
