// One change of the calendar: what it would mean is shown before anybody decides.

import { useState } from "preact/hooks";
import type { CalendarChange, Changed, Downtime, DowntimeKind, Meaning } from "../../api/types";
import { fixed } from "../../format/number";
import { useAsking } from "../../ui/ask";
import { words } from "../../words";

/** Without ``remove`` a downtime is added. */
export type Change = { remove?: Downtime };
type Props = {
  change: Change;
  version: number;
  send(asked: CalendarChange, preview: boolean): Promise<Changed>;
  onLeave(): void;
};

const KINDS: readonly DowntimeKind[] = ["planned", "holiday", "overhaul", "curtailment"];

export function ChangeForm({ change, version, send, onLeave }: Props) {
  const text = words.value.calendar;
  const [means, setMeans] = useState<Meaning | null>(null);
  const [incomplete, setIncomplete] = useState(false);
  const { busy, problem, ask } = useAsking();

  async function submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const asked = read(form, change, version);
    const isPreview = (event.submitter as HTMLButtonElement | null)?.value !== "save";
    setIncomplete(asked === null);
    if (asked === null) return;
    await ask(async () => setMeans((await send(asked, isPreview)).meaning));
  }

  return (
    <form class="entry-form panel" onSubmit={(event) => void submit(event)} data-testid="change-form">
      <h3 class="wide">{change.remove === undefined ? text.add : text.removing(change.remove.reason)}</h3>
      {change.remove === undefined && (
        <>
          <label>
            {text.from}
            <input type="date" name="start" data-testid="change-start" />
          </label>
          <label>
            {text.until}
            <input type="date" name="end" data-testid="change-end" />
          </label>
          <label>
            {text.reason}
            <input name="name" maxLength={200} autocomplete="off" data-testid="change-name" />
          </label>
          <label>
            {text.columns.kind}
            <select name="kind">
              {KINDS.map((kind) => (
                <option key={kind} value={kind}>
                  {text.kinds[kind]}
                </option>
              ))}
            </select>
          </label>
        </>
      )}
      <label class="wide">
        {text.why}
        <input name="why" maxLength={500} autocomplete="off" data-testid="change-why" />
      </label>
      <div class="wide buttons">
        <button type="submit" value="preview" disabled={busy} data-testid="change-preview">
          {text.preview}
        </button>
        <button type="submit" value="save" class="primary" disabled={busy} data-testid="change-save">
          {text.save}
        </button>
        <button type="button" class="quiet" onClick={onLeave}>
          {text.back}
        </button>
      </div>
      {incomplete && <p class="wide problem">{text.incomplete}</p>}
      {problem !== null && (
        <p class="wide problem" role="alert">
          {text.failed(problem)}
        </p>
      )}
      {means !== null && <WhatItMeans means={means} />}
    </form>
  );
}

function WhatItMeans({ means }: { means: Meaning }) {
  const text = words.value.calendar;
  const rate = (value: number | null) => (value === null ? "—" : `${fixed(value, 2)}\u00a0t/h`);
  return (
    <table class="meaning wide" data-testid="meaning">
      <caption>{text.meaning(means.year)}</caption>
      <thead>
        <tr>
          <td />
          <th scope="col" class="number">
            {text.before}
          </th>
          <th scope="col" class="number">
            {text.after}
          </th>
        </tr>
      </thead>
      <tbody>
        <tr>
          <th scope="row">{text.planned}</th>
          <td class="number">{fixed(means.planned_before_h, 0)}&nbsp;h</td>
          <td class="number">{fixed(means.planned_after_h, 0)}&nbsp;h</td>
        </tr>
        <tr>
          <th scope="row">{text.catchUp}</th>
          <td class="number">{rate(means.catch_up_before_t_per_h)}</td>
          <td class="number">{rate(means.catch_up_after_t_per_h)}</td>
        </tr>
        {means.stages.map((need) => (
          <tr key={need.stage}>
            <th scope="row">{text.required(need.stage)}</th>
            <td class="number">{rate(need.before_t_per_h)}</td>
            <td class="number">
              {rate(need.after_t_per_h)}
              {!need.possible && <p class="problem">{text.beyond(rate(need.capacity_t_per_h))}</p>}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function read(form: FormData, change: Change, version: number): CalendarChange | null {
  const of = (name: string) => `${form.get(name) ?? ""}`.trim();
  if (of("why") === "") return null;
  const common = { reason: of("why"), based_on: version };
  if (change.remove !== undefined) return { ...common, remove: [change.remove.start] };
  const [start, end, reason] = [of("start"), of("end"), of("name")];
  if (start === "" || end === "" || reason === "") return null;
  return { ...common, add: [{ start, end, reason, kind: of("kind") as DowntimeKind }] };
}
