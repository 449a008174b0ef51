// Acknowledging: one press, by those who may. What went wrong is said beside the button.

import { useState } from "preact/hooks";
import { CallFailed } from "../api/rest";
import type { Alarm } from "../api/types";
import { needsAcknowledging } from "../state/live";
import { acknowledge, mayAcknowledge } from "../state/store";
import { words } from "../words";

/** comment: read when the button is pressed; without it none is sent. */
export function AckButton({ alarm, comment }: { alarm: Alarm; comment?: () => string }) {
  const text = words.value.alarms;
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<CallFailed | null>(null);
  if (!needsAcknowledging(alarm) || !mayAcknowledge.value) return null;

  async function press(): Promise<void> {
    setBusy(true);
    setProblem(null);
    try {
      await acknowledge(alarm.id, comment?.().trim() ?? "");
    } catch (error) {
      if (!(error instanceof CallFailed)) throw error;
      setProblem(error);
    } finally {
      setBusy(false);
    }
  }

  return (
    <span class="ack">
      <button
        type="button"
        class="primary"
        disabled={busy}
        data-testid="ack-button"
        aria-label={`${text.acknowledge}: ${alarm.asset}`}
        onClick={() => void press()}
      >
        {text.acknowledge}
      </button>
      {problem !== null && (
        <span class="problem" role="alert">
          {problem.status === 409
            ? text.alreadyDone
            : problem.status === 403
              ? text.notAllowed
              : text.acknowledgeFailed(problem.detail)}
        </span>
      )}
    </span>
  );
}
