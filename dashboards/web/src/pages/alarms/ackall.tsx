// Acknowledging all alarms that are shown: asked twice, since each of them wants to be seen.

import { useState } from "preact/hooks";
import { desk } from "../../api/alarmdesk";
import type { Alarm } from "../../api/types";
import { needsAcknowledging } from "../../state/live";
import { mayAcknowledge } from "../../state/store";
import { useAsking } from "../../ui/ask";
import { words } from "../../words";

export function AckAll({ shown }: { shown: readonly Alarm[] }) {
  const text = words.value.alarmDesk;
  const [asked, setAsked] = useState<readonly string[] | null>(null);
  const [comment, setComment] = useState("");
  const [done, setDone] = useState<string | null>(null);
  const { busy, problem, ask } = useAsking();
  const open = shown.filter(needsAcknowledging).map(({ id }) => id);
  if (!mayAcknowledge.value || (open.length < 2 && asked === null && done === null)) return null;

  // The list is fixed when it is asked for: what comes meanwhile has not been seen.
  const press = (ids: readonly string[]): void =>
    void ask(async () => {
      const answer = await desk.acknowledge(ids, comment.trim());
      setDone(text.ackAllDone(answer.alarms.length, ids.length));
      setAsked(null);
    });

  return (
    <div class="ack-all" data-testid="ack-all">
      {asked === null && open.length > 1 && (
        <button type="button" data-testid="ack-all-ask" onClick={() => (setAsked(open), setDone(null))}>
          {text.ackAll(open.length)}
        </button>
      )}
      {asked !== null && (
        <form
          class="deed"
          onSubmit={(event) => {
            event.preventDefault();
            press(asked);
          }}
        >
          <label class="why">
            <span>{words.value.alarms.comment}</span>
            <input maxLength={500} value={comment} onInput={(event) => setComment(event.currentTarget.value)} />
          </label>
          <button type="submit" class="primary" disabled={busy} data-testid="ack-all-do">
            {text.ackAllSure(asked.length)}
          </button>
          <button type="button" onClick={() => setAsked(null)}>
            {text.cancel}
          </button>
        </form>
      )}
      {done !== null && <span role="status">{done}</span>}
      {problem !== null && (
        <span class="problem" role="alert">
          {text.failed(problem)}
        </span>
      )}
    </div>
  );
}
