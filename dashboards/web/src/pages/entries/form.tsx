// The form of one entry. Its fields depend on what is entered; times are the plant's.

import { useRef, useState } from "preact/hooks";
import { rest } from "../../api/rest";
import type { EntryKind, NewEntry } from "../../api/types";
import { fromPlant, plantInput } from "../../format/time";
import { line, mayPlan, serverNowMs, timeZone } from "../../state/store";
import { useAsking } from "../../ui/ask";
import { nameOf, words } from "../../words";

const KINDS: readonly EntryKind[] = ["note", "scrap", "weighbridge", "stock", "hold", "release", "correction"];

export function EntryForm({ onEntered }: { onEntered(): void }) {
  const text = words.value.entries;
  const [kind, setKind] = useState<EntryKind>("note");
  const [said, setSaid] = useState<string | null>(null);
  const { busy, problem, ask } = useAsking();
  const key = useRef(newKey());
  const now = plantInput(serverNowMs.peek(), timeZone.value);
  const isSpan = kind === "correction";

  async function submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const entry = read(new FormData(form), kind, timeZone.value);
    if (entry === null) return setSaid(text.incomplete);
    setSaid(null);
    await ask(async () => {
      await rest.enter(entry, key.current);
      key.current = newKey(); // until it is known to be entered, a retry sends the same
      form.reset();
      setSaid(text.saved);
      onEntered();
    });
  }

  return (
    <form class="entry-form panel" onSubmit={(event) => void submit(event)} data-testid="entry-form">
      <label>
        {text.kind}
        <select
          value={kind}
          data-testid="entry-kind"
          onChange={(event) => {
            setKind(event.currentTarget.value as EntryKind);
            setSaid(null);
          }}
        >
          {KINDS.filter((each) => each !== "correction" || mayPlan.value).map((each) => (
            <option key={each} value={each}>
              {text.kinds[each]}
            </option>
          ))}
        </select>
      </label>
      <Subject kind={kind} />
      <label>
        {isSpan ? text.from : text.at}
        <input type="datetime-local" name="start" defaultValue={now} data-testid="entry-start" />
      </label>
      {isSpan && (
        <label>
          {text.to}
          <input type="datetime-local" name="end" defaultValue={now} data-testid="entry-end" />
        </label>
      )}
      {kind !== "note" && (
        <label>
          {kind === "hold" || kind === "release" ? text.bags : text.mass}
          <input name="amount" inputMode="decimal" autocomplete="off" data-testid="entry-amount" />
        </label>
      )}
      {kind === "weighbridge" && (
        <label>
          {text.reference}
          <input name="reference" maxLength={80} autocomplete="off" />
        </label>
      )}
      <label class="wide">
        {kind === "note" ? text.note : text.reason}
        <input name="reason" maxLength={500} autocomplete="off" data-testid="entry-reason" />
      </label>
      <button type="submit" class="primary" disabled={busy} data-testid="entry-save">
        {busy ? text.saving : text.save}
      </button>
      <p role="status" class={problem === null ? "wide" : "wide problem"} data-testid="entry-said">
        {problem === null ? said : text.failed(problem)}
      </p>
    </form>
  );
}

/** What it is about: a meter of a batch stage, any meter, a stage, the plant, or a lot. */
function Subject({ kind }: { kind: EntryKind }) {
  const text = words.value.entries;
  if (kind === "hold" || kind === "release") {
    return (
      <label>
        {text.lot}
        <input name="subject" maxLength={80} autocomplete="off" data-testid="entry-subject" />
      </label>
    );
  }
  const stages = line.value?.stages ?? [];
  const isMeter = kind === "weighbridge" || kind === "correction";
  return (
    <label>
      {isMeter ? text.meter : text.stage}
      <select name="subject" key={kind} data-testid="entry-subject">
        {kind === "note" && <option value="">{text.plant}</option>}
        {stages
          .filter((stage) => kind !== "weighbridge" || !stage.hourly)
          .filter((stage) => kind !== "stock" || stages.some(({ feeds }) => feeds.includes(stage.id)))
          .flatMap((stage) =>
            isMeter
              ? stage.units.map(({ id }) => ({ id, name: id }))
              : [{ id: stage.id, name: `${stage.id} ${nameOf(stage)}` }],
          )
          .map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
      </select>
    </label>
  );
}

/** The entry that the form says; null while something is missing. */
function read(form: FormData, kind: EntryKind, zone: string): NewEntry | null {
  const of = (name: string) => `${form.get(name) ?? ""}`.trim();
  const startMs = fromPlant(of("start"), zone);
  const endMs = kind === "correction" ? fromPlant(of("end"), zone) : startMs;
  const amount = Number(of("amount").replaceAll(",", ""));
  const hasAmount = kind !== "note";
  if (startMs === null || endMs === null || of("reason") === "") return null;
  if (hasAmount && (of("amount") === "" || !Number.isFinite(amount))) return null;
  if (kind !== "note" && of("subject") === "") return null;
  return {
    kind,
    subject: of("subject"),
    start: new Date(startMs).toISOString(),
    ...(kind === "correction" ? { end: new Date(endMs).toISOString() } : {}),
    ...(hasAmount ? { amount } : {}),
    reason: of("reason"),
    reference: of("reference"),
  };
}

/** Random enough; randomUUID is missing where the page came without TLS. */
function newKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
