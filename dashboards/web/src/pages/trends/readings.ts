// Loads the history of the shown tags, and in live mode gathers what the stream brings after it.

import { effect } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { CallFailed, rest } from "../../api/rest";
import type { History, Tag } from "../../api/types";
import { serverNowMs, subscribe, values } from "../../state/store";
import { type Reading, readingOf } from "./trace";
import { intervalOf, type Span } from "./view";

export type Readings = {
  history: History | null;
  /** Per tag, what the stream brought since the page is open, oldest first. */
  live: ReadonlyMap<string, readonly Reading[]>;
  loading: boolean;
  problem: string | null;
};

const SHORTEST_REFRESH_MS = 30_000;
const LONGEST_REFRESH_MS = 600_000;
/** Each bucket brings its first, last, least and greatest value: a pixel's worth of line. */
const BUCKETS = 500;
const MOST_LIVE = 20_000;

export function useReadings(tags: readonly string[], span: Span): Readings {
  const [history, setHistory] = useState<History | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [loading, setLoading] = useState(false);
  const live = useLive(tags);
  const key = `${tags.join(",")} ${JSON.stringify(span)}`;

  useEffect(() => {
    if (tags.length === 0) return;
    let wanted = true;
    let timer: ReturnType<typeof setTimeout> | undefined;
    async function load(): Promise<void> {
      const { startMs, endMs } = intervalOf(span, serverNowMs.peek());
      try {
        const found = await rest.history(tags, startMs, endMs, BUCKETS);
        if (!wanted) return;
        setHistory(found);
        setProblem(null);
      } catch (error) {
        if (!(error instanceof CallFailed)) throw error;
        if (wanted) setProblem(error.detail);
      }
      if (!wanted) return;
      setLoading(false);
      // Late data corrects, so that what is shown live is read again now and then.
      const pauseMs = Math.min(LONGEST_REFRESH_MS, Math.max(SHORTEST_REFRESH_MS, (endMs - startMs) / 60));
      if (span.kind === "live" || endMs > serverNowMs.peek()) timer = setTimeout(() => void load(), pauseMs);
    }
    setLoading(true);
    void load();
    return () => {
      wanted = false;
      clearTimeout(timer);
    };
  }, [key]);

  return { history, live, loading, problem };
}

function useLive(tags: readonly string[]): ReadonlyMap<string, readonly Reading[]> {
  const gathered = useRef(new Map<string, Reading[]>());
  const key = tags.join(",");
  useEffect(() => {
    subscribe(tags);
    return () => subscribe([]);
  }, [key]);
  useEffect(
    () =>
      effect(() => {
        for (const tag of tags) {
          const value = values.value.get(tag);
          const reading = value === undefined ? null : readingOf(value);
          if (reading === null) continue;
          const before = gathered.current.get(tag) ?? [];
          const last = before.at(-1);
          if (last !== undefined && reading.timeMs <= last.timeMs) continue;
          before.push(reading);
          if (before.length > MOST_LIVE) before.splice(0, MOST_LIVE / 2);
          gathered.current.set(tag, before);
        }
      }),
    [key],
  );
  return gathered.current;
}

const known = new Map<string, Tag | null>();

/** What the service says of the tags; null for one that it does not know. Missing while it is asked. */
export function useTags(ids: readonly string[]): ReadonlyMap<string, Tag | null> {
  const [, setAsked] = useState(0);
  const key = ids.join(",");
  useEffect(() => {
    let wanted = true;
    async function ask(id: string): Promise<void> {
      try {
        const { tags } = await rest.tags(id, 50);
        known.set(id, tags.find((tag) => tag.id === id) ?? null);
      } catch (error) {
        if (!(error instanceof CallFailed)) throw error;
        return; // asked again with the next change
      }
      if (wanted) setAsked((count) => count + 1);
    }
    for (const id of ids) if (!known.has(id)) void ask(id);
    return () => {
      wanted = false;
    };
  }, [key]);
  return known;
}

export function learnTags(tags: readonly Tag[]): void {
  for (const tag of tags) known.set(tag.id, tag);
}
