// What people may do to an alarm: shelve it, take it out of service, reset it, comment on it.

import { useState } from "preact/hooks";
import { type Deed, desk, type Target } from "../../api/alarmdesk";
import { mayAcknowledge, mayPlan, shelveMinutes, show } from "../../state/store";
import { useAsking } from "../../ui/ask";
import { words } from "../../words";

const CHOICES = [30, 60, 120, 240, 480, 1440, 2880, 4320, 7 * 1440];
type Form = "shelve" | "remove-from-service" | "comment";

/** done: called with how it stands then. */
export function AlarmActions({ target, done }: { target: Target; done: (now: Target) => void }) {
  const text = words.value.alarmDesk;
  const [form, setForm] = useState<Form | null>(null);
  const { busy, problem, ask } = useAsking();
  if (!mayAcknowledge.value) return null;
  const { state, holds } = target.kind === "alarms" ? target.alarm : target.definition;
  const isOver = target.kind === "alarms" && state === "normal";
  const isHeld = (kind: string) => holds.some((hold) => hold.kind === kind);

  const act = (deed: Deed): void =>
    void ask(async () => {
      const now = await desk.act(target, deed);
      setForm(null);
      if (now.kind === "alarms") show(now.alarm);
      done(now);
    });
  const opener = (which: Form, label: string) => (
    <button type="button" aria-expanded={form === which} data-testid={`alarm-${which}`} onClick={() => setForm(form === which ? null : which)}>
      {label}
    </button>
  );
  const presser = (deed: Deed, label: string) => (
    <button type="button" disabled={busy} data-testid={`alarm-${deed.do}`} onClick={() => act(deed)}>
      {label}
    </button>
  );

  return (
    <div class="alarm-actions" data-testid="alarm-actions">
      <p class="choices">
        {!isOver && opener("shelve", isHeld("shelved") ? text.shelveAgain : text.shelve)}
        {isHeld("shelved") && presser({ do: "unshelve" }, text.unshelve)}
        {target.kind === "alarms" && state === "latched" && presser({ do: "reset" }, text.reset)}
        {mayPlan.value && !isOver && !isHeld("out_of_service") && opener("remove-from-service", text.remove)}
        {mayPlan.value && isHeld("out_of_service") && presser({ do: "return-to-service" }, text.restore)}
        {opener("comment", text.comment)}
      </p>
      {form !== null && <DeedForm key={form} form={form} busy={busy} act={act} cancel={() => setForm(null)} />}
      {problem !== null && (
        <p class="problem" role="alert">
          {text.failed(problem)}
        </p>
      )}
    </div>
  );
}

type FormProps = { form: Form; busy: boolean; act: (deed: Deed) => void; cancel: () => void };

function DeedForm({ form, busy, act, cancel }: FormProps) {
  const text = words.value.alarmDesk;
  const most = shelveMinutes.value;
  const choices = [...CHOICES.filter((minutes) => minutes < most), most];
  const [minutes, setMinutes] = useState(Math.min(60, most));
  const [said, setSaid] = useState("");
  const label = form === "comment" ? text.text : text.reason;
  const button = { shelve: text.doShelve, "remove-from-service": text.doRemove, comment: text.doComment }[form];

  function submit(event: Event): void {
    event.preventDefault();
    const reason = said.trim();
    if (reason === "") return;
    if (form === "shelve") act({ do: "shelve", minutes, reason });
    if (form === "remove-from-service") act({ do: "remove-from-service", reason });
    if (form === "comment") act({ do: "comment", text: reason });
  }

  return (
    <form class="deed" onSubmit={submit}>
      {form === "shelve" && (
        <label>
          <span>{text.minutes}</span>
          <select value={minutes} data-testid="shelve-minutes" onChange={(event) => setMinutes(Number(event.currentTarget.value))}>
            {choices.map((each) => (
              <option key={each} value={each}>
                {text.duration(each)}
              </option>
            ))}
          </select>
        </label>
      )}
      <label class="why">
        <span>{label}</span>
        <input required maxLength={500} value={said} data-testid="deed-reason" onInput={(event) => setSaid(event.currentTarget.value)} />
      </label>
      <button type="submit" class="primary" disabled={busy || said.trim() === ""} data-testid="deed-do">
        {button}
      </button>
      <button type="button" onClick={cancel}>
        {text.cancel}
      </button>
    </form>
  );
}
