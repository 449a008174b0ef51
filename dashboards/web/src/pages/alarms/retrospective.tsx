// What late knowledge says of alarms: entries beside them, that called nobody out.

import { useEffect, useState } from "preact/hooks";
import { CallFailed, rest } from "../../api/rest";
import type { RetrospectiveEntry } from "../../api/types";
import { Instant } from "../../ui/instant";
import { language, words } from "../../words";

const MOST = 200;

export function Retrospective({ stage, search }: { stage: string; search: string }) {
  const text = words.value.alarms;
  const own = text.retrospective;
  const [found, setFound] = useState<readonly RetrospectiveEntry[] | null>(null);
  const [problem, setProblem] = useState<string | null>(null);

  async function load(): Promise<void> {
    try {
      setFound((await rest.retrospective(MOST)).entries);
    } catch (error) {
      if (!(error instanceof CallFailed)) throw error;
      setProblem(error.detail);
    }
  }
  useEffect(() => void load(), []);

  if (problem !== null) return <p class="waiting problem">{text.failed(problem)}</p>;
  if (found === null) return <p class="waiting">{text.loading}</p>;
  const needle = search.trim().toLowerCase();
  const shown = found.filter(
    (one) =>
      (stage === "" || one.stage === stage) &&
      [one.asset, one.rule, one.message_en, one.message_zh].some((part) => part.toLowerCase().includes(needle)),
  );
  return (
    <section class="retrospective" data-testid="retrospective">
      <p class="retro-note">{own.note}</p>
      {shown.length === 0 && <p class="waiting">{found.length === 0 ? own.none : text.noneFound}</p>}
      <ul>
        {shown.map((one) => (
          <li key={one.id} class={one.finding}>
            <p>
              <strong class="finding">{own.findings[one.finding]}</strong> <Instant at={one.at} /> · {one.asset}
            </p>
            <p>{language.value === "zh" ? one.message_zh : one.message_en}</p>
            <p class="dim">{language.value === "zh" ? one.why_zh : one.why_en}</p>
            <p class="dim">
              {own.found} <Instant at={one.found_at} />
            </p>
          </li>
        ))}
      </ul>
    </section>
  );
}
