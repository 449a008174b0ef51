// Alarms that were: filtered by the service, page by page.

import { useEffect, useRef, useState } from "preact/hooks";
import { CallFailed, rest } from "../../api/rest";
import type { Alarm } from "../../api/types";
import { go, hashOf, route } from "../../route";
import { alarms, serverNowMs, timeZone } from "../../state/store";
import { words } from "../../words";
import { HistoryBar } from "./historybar";
import { askedOf, filterOf, type HistoryAsked, isPlain, paramsOf } from "./historyfilter";
import { AlarmTable } from "./table";

const PAGE = 100;
/** The longest list that is read at once. */
const MOST = 500;

export function History() {
  const text = words.value.alarms;
  const asked = askedOf(route.value.params);
  const which = JSON.stringify(asked);
  const [found, setFound] = useState<readonly Alarm[] | null>(null);
  const [next, setNext] = useState<string | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const newest = useRef(which);
  newest.current = which;
  const filter = filterOf(asked, serverNowMs.peek(), timeZone.value);

  async function load(before: readonly Alarm[], limit: number, after: string | null): Promise<void> {
    try {
      const page = await rest.alarmHistory(filter, limit, after);
      if (newest.current !== which) return; // other alarms are wanted by now
      setFound([...before, ...page.alarms]);
      setNext(page.next);
      setProblem(null);
    } catch (error) {
      if (!(error instanceof CallFailed)) throw error;
      if (newest.current === which) setProblem(error.detail);
    }
  }

  // What is active is part of the history: read it again when the active list changes.
  useEffect(() => void load([], Math.min(MOST, Math.max(PAGE, found?.length ?? 0)), null), [which, alarms.value]);

  function ask(more: Partial<HistoryAsked>): void {
    const now = askedOf(route.peek().params); // a text that comes to rest must not undo another choice
    go(hashOf("alarms", { tab: "history", ...paramsOf({ ...now, ...more }) }), { replace: true });
  }

  return (
    <>
      <HistoryBar asked={asked} exported={rest.alarmExport(filter)} onAsk={ask} />
      {problem !== null && <p class="waiting problem">{text.failed(problem)}</p>}
      {problem === null && found === null && <p class="waiting">{text.loading}</p>}
      {problem === null && found?.length === 0 && <p class="waiting">{isPlain(asked) ? text.noneEver : text.noneFound}</p>}
      {problem === null && found !== null && found.length > 0 && <AlarmTable alarms={found} />}
      {problem === null && found !== null && next !== null && (
        <button type="button" class="more" data-testid="history-more" onClick={() => void load(found, PAGE, next)}>
          {text.more}
        </button>
      )}
    </>
  );
}
