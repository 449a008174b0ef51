// Manual entries: a form for what no tag tells, and the list of what was entered, by whom and why.

import { useEffect, useState } from "preact/hooks";
import { rest } from "../../api/rest";
import type { Entry, Lots } from "../../api/types";
import { fixed } from "../../format/number";
import { isLost, mayEnter } from "../../state/store";
import { useAsking } from "../../ui/ask";
import { words } from "../../words";
import { EntryForm } from "./form";
import { EntryTable } from "./table";

const SHOWN = 200;

export function EntriesPage() {
  const text = words.value.entries;
  const [entries, setEntries] = useState<readonly Entry[] | null>(null);
  const [lots, setLots] = useState<Lots | null>(null);
  const { problem, ask } = useAsking();

  function read(): void {
    void ask(async () => {
      const [found, held] = await Promise.all([rest.entries(SHOWN), rest.lots()]);
      setEntries(found.entries);
      setLots(held);
    });
  }
  useEffect(read, []);

  return (
    <div class={`entries ${isLost.value ? "old" : ""}`}>
      <h1 class="hidden">{text.title}</h1>
      <p class="dim">{text.intro}</p>
      {mayEnter.value && <EntryForm onEntered={read} />}
      {lots !== null && lots.lots.length > 0 && (
        <p data-testid="lots">{text.lots(fixed(lots.standing_bags, 0), fixed(lots.released_bags, 0))}</p>
      )}
      <h2>{text.list}</h2>
      {problem !== null && <p class="problem">{text.unread(problem)}</p>}
      {entries === null && problem === null && <p class="waiting">{text.loading}</p>}
      {entries !== null && (entries.length === 0 ? <p class="dim">{text.none}</p> : <EntryTable entries={entries} onCancelled={read} />)}
    </div>
  );
}
