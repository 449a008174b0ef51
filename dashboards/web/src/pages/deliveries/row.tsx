// One delivery: what it tells, how it stands, and on demand every attempt.

import { useState } from "preact/hooks";
import { type Attempt, type Delivery, post } from "../../api/deliveries";
import { mayAcknowledge } from "../../state/store";
import { useAsking } from "../../ui/ask";
import { plantStamp } from "../../ui/instant";
import { messageOf, words } from "../../words";
import { Stamp } from "./destination";
import { AttemptList } from "./log";

type Props = { delivery: Delivery; busy: boolean; onDeed(deed: "replay" | "dismiss"): void };

export function DeliveryRow({ delivery, busy, onDeed }: Props) {
  const text = words.value.deliveries;
  const steps: Record<string, string> = words.value.alarms.kinds;
  const [attempts, setAttempts] = useState<readonly Attempt[] | null>(null);
  const { problem, ask } = useAsking();
  const isDead = delivery.state === "dead";

  function toggle(): void {
    if (attempts !== null) return setAttempts(null);
    void ask(async () => setAttempts((await post.delivery(delivery.id)).attempts));
  }

  return (
    <>
      <tr class={delivery.state} data-testid="delivery-row" data-state={delivery.state}>
        <td>
          <Stamp at={delivery.created_at} />
        </td>
        <td class="nowrap">{delivery.destination}</td>
        <td class="text">
          <b>{steps[delivery.kind] ?? delivery.kind}</b> {delivery.asset} · {messageOf(delivery)}
        </td>
        <td>
          <span class={`delivery-state ${delivery.state}`}>{text.states[delivery.state]}</span>
          {delivery.attempts > 0 && <span class="dim"> · {text.attempts(delivery.attempts)}</span>}
          {delivery.next_attempt_at !== null && <span class="dim"> · {text.next(plantStamp(delivery.next_attempt_at))}</span>}
          {delivery.handed_over_at !== null && <span class="dim"> · {text.handedOver(plantStamp(delivery.handed_over_at))}</span>}
        </td>
        <td class="text">
          {delivery.answer !== null && <q class="answer">{delivery.answer}</q>}{" "}
          <span class="buttons">
            <button type="button" class="link" aria-expanded={attempts !== null} onClick={toggle}>
              {text.show}
            </button>
            {isDead && mayAcknowledge.value && (
              <>
                <button type="button" disabled={busy} onClick={() => onDeed("replay")}>
                  {text.replay}
                </button>
                <button type="button" disabled={busy} onClick={() => onDeed("dismiss")}>
                  {text.dismiss}
                </button>
              </>
            )}
          </span>
          {problem !== null && <p class="problem">{text.failed(problem)}</p>}
        </td>
      </tr>
      {attempts !== null && (
        <tr class="attempts-row">
          <td colSpan={5}>{attempts.length === 0 ? <p class="dim">{text.noAttempts}</p> : <AttemptList attempts={attempts} />}</td>
        </tr>
      )}
    </>
  );
}
