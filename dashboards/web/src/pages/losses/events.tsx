// Event by event, with the reason that operators pick; on a narrow screen each is a card.

import { useState } from "preact/hooks";
import { CallFailed, rest } from "../../api/rest";
import type { LossEvent, ReasonName } from "../../api/losses";
import { age } from "../../format/age";
import { tonnes } from "../../format/number";
import { mayAcknowledge } from "../../state/store";
import { Instant, plantStamp } from "../../ui/instant";
import { nameOf, words } from "../../words";
import { reasonName, stageName } from "./reasons";

type Props = {
  events: readonly LossEvent[];
  more: boolean;
  reasons: readonly ReasonName[];
  onSaid: (event: LossEvent) => void;
  onConflict: () => void;
};

export function Events({ events, more, reasons, onSaid, onConflict }: Props) {
  const text = words.value.losses;
  const columns = text.columns;
  return (
    <section class="loss-card" data-testid="losses-events">
      <h2>{text.events}</h2>
      {events.length === 0 && <p class="dim">{text.none}</p>}
      {events.length > 0 && (
        <table class="loss-events">
          <thead>
            <tr>
              <th scope="col">{columns.unit}</th>
              <th scope="col">{columns.kind}</th>
              <th scope="col">{columns.start}</th>
              <th scope="col">{columns.lasted}</th>
              <th scope="col" class="number">
                {columns.lost}
              </th>
              <th scope="col" class="number" title={columns.stakeHint}>
                {columns.stake}
              </th>
              <th scope="col">{columns.reason}</th>
              <th scope="col">{columns.said}</th>
            </tr>
          </thead>
          <tbody>
            {events.map((event) => (
              <Row key={event.id} event={event} reasons={reasons} onSaid={onSaid} onConflict={onConflict} />
            ))}
          </tbody>
        </table>
      )}
      {more && <p class="dim">{text.moreEvents}</p>}
    </section>
  );
}

function Row({ event, reasons, onSaid, onConflict }: { event: LossEvent } & Omit<Props, "events" | "more">) {
  const text = words.value.losses;
  const lasted = age(event.minutes * 60_000, words.value);
  return (
    <tr data-testid="loss-event" data-event-id={event.id} data-kind={event.kind}>
      <th scope="row">{event.unit}</th>
      <td>
        {text.kinds[event.kind]}
        {event.because_of !== null && <span class="dim"> {text.becauseOf(stageName(event.root))}</span>}
      </td>
      <td class="stamp">
        <Instant at={event.start} />
      </td>
      <td class="lasted">{event.end === null ? text.goesOn(lasted) : lasted}</td>
      <td class="number" data-label={text.columns.lost}>
        {tonnes(event.lost_t)}
      </td>
      <td class="number" data-label={text.columns.stake}>
        {event.lost_t === null ? "—" : tonnes(event.at_stake_t)}
      </td>
      <td>
        <Reason event={event} reasons={reasons} onSaid={onSaid} onConflict={onConflict} />
      </td>
      <td class="dim">
        {event.said_by !== null && event.said_at !== null && text.by(event.said_by, plantStamp(event.said_at))}
        {event.comment !== null && event.comment !== "" && <q>{event.comment}</q>}
      </td>
    </tr>
  );
}

function Reason({ event, reasons, onSaid, onConflict }: { event: LossEvent } & Omit<Props, "events" | "more">) {
  const text = words.value.losses;
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<CallFailed | null>(null);
  if (!mayAcknowledge.value) return <>{reasonName(reasons, event.reason)}</>;

  async function pick(reason: string): Promise<void> {
    setBusy(true);
    setProblem(null);
    try {
      onSaid(await rest.giveReason(event, reason, ""));
    } catch (error) {
      if (!(error instanceof CallFailed)) throw error;
      setProblem(error);
      if (error.status === 409 || error.status === 404) onConflict();
    } finally {
      setBusy(false);
    }
  }

  return (
    <>
      <select
        class="quiet"
        aria-label={text.reasonOf(event.unit)}
        data-testid="loss-reason"
        disabled={busy}
        value={event.reason}
        onChange={(changed) => void pick(changed.currentTarget.value)}
      >
        {reasons.map((each) => (
          <option key={each.reason} value={each.reason}>
            {each.reason} {nameOf(each)}
          </option>
        ))}
      </select>
      {problem !== null && (
        <span class="problem" role="alert">
          {" "}
          {problem.status === 409 ? text.conflict : text.refused(problem.detail)}
        </span>
      )}
    </>
  );
}
