// What was entered, the newest first; cancelling asks for a reason, and the entry stays in the list.

import { useState } from "preact/hooks";
import { rest } from "../../api/rest";
import type { Entry } from "../../api/types";
import { fixed } from "../../format/number";
import { mayEnter, mayPlan } from "../../state/store";
import { useAsking } from "../../ui/ask";
import { Instant, plantStamp } from "../../ui/instant";
import { words } from "../../words";

type Props = { entries: readonly Entry[]; onCancelled(): void };

export function EntryTable({ entries, onCancelled }: Props) {
  const columns = words.value.entries.columns;
  return (
    <table class="list-table">
      <thead>
        <tr>
          <th scope="col">{columns.about}</th>
          <th scope="col">{columns.what}</th>
          <th scope="col" class="number">
            {columns.amount}
          </th>
          <th scope="col">{columns.reason}</th>
          <th scope="col">{columns.by}</th>
        </tr>
      </thead>
      <tbody>
        {entries.map((entry) => (
          <EntryRow key={entry.id} entry={entry} onCancelled={onCancelled} />
        ))}
      </tbody>
    </table>
  );
}

function EntryRow({ entry, onCancelled }: { entry: Entry; onCancelled(): void }) {
  const text = words.value.entries;
  const gone = entry.cancelled;
  return (
    <tr class={gone === null ? "" : "gone"} data-testid="entry-row" data-entry-id={entry.id}>
      <td class="nowrap">
        <Instant at={entry.start} />
        {entry.end !== entry.start && (
          <>
            {" – "}
            <Instant at={entry.end} />
          </>
        )}
      </td>
      <td>
        {text.kinds[entry.kind]} <b>{entry.subject}</b> <span class="dim">{entry.reference}</span>
      </td>
      <td class="number nowrap">
        {entry.amount === null || entry.unit === ""
          ? ""
          : text.amount(fixed(entry.amount, entry.amount % 1 === 0 ? 0 : 1), text.units[entry.unit])}
      </td>
      <td class="text">
        <span class="said">{entry.reason}</span>
        {gone !== null && (
          <p class="dim" data-testid="entry-gone">
            {text.cancelled(gone.by, plantStamp(gone.at), gone.reason)}
          </p>
        )}
      </td>
      <td>
        <span class="nowrap">
          {entry.by}, <Instant at={entry.at} />
        </span>
        {gone === null && <CancelButton entry={entry} onCancelled={onCancelled} />}
      </td>
    </tr>
  );
}

function CancelButton({ entry, onCancelled }: { entry: Entry; onCancelled(): void }) {
  const text = words.value.entries;
  const [open, setOpen] = useState(false);
  const [reason, setReason] = useState("");
  const { busy, problem, ask } = useAsking();
  if (!mayEnter.value || (entry.kind === "correction" && !mayPlan.value)) return null;
  if (!open) {
    return (
      <button type="button" class="quiet" data-testid="entry-cancel" onClick={() => setOpen(true)}>
        {text.cancel}
      </button>
    );
  }
  return (
    <form
      class="cancelling"
      onSubmit={(event) => {
        event.preventDefault();
        void ask(async () => {
          await rest.cancelEntry(entry.id, reason);
          setOpen(false);
          onCancelled();
        });
      }}
    >
      <input
        aria-label={text.cancelWhy}
        placeholder={text.cancelWhy}
        value={reason}
        maxLength={500}
        data-testid="entry-cancel-why"
        onInput={(event) => setReason(event.currentTarget.value)}
      />
      <button type="submit" class="primary" disabled={busy || reason.trim() === ""} data-testid="entry-cancel-do">
        {text.cancelDo}
      </button>
      <button type="button" class="quiet" onClick={() => setOpen(false)}>
        {text.keep}
      </button>
      {problem !== null && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
    </form>
  );
}
