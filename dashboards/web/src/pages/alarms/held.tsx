// The alarms about which nobody is called: who holds each, until when and why. And every alarm that
// can stand, so that one may be shelved before it comes.

import { useEffect, useState } from "preact/hooks";
import { type AlarmDefinition, type DefinitionState, definitionStates, desk } from "../../api/alarmdesk";
import { CallFailed } from "../../api/rest";
import type { Transition } from "../../api/types";
import { alarms } from "../../state/store";
import { Mark } from "../../ui/mark";
import { messageOf, words } from "../../words";
import { AlarmActions } from "./actions";
import { Holds } from "./holds";
import { Steps } from "./steps";

const MOST = 200;
const STEPS = 50;
const PAUSE_MS = 250;

export function Held() {
  const text = words.value.alarmDesk;
  const [state, setState] = useState<DefinitionState>("held");
  const [search, setSearch] = useState("");
  const [found, setFound] = useState<{ definitions: readonly AlarmDefinition[]; total: number } | null>(null);
  const [problem, setProblem] = useState<string | null>(null);

  // Whatever anybody does to an alarm moves the active list on.
  useEffect(() => {
    let wanted = true;
    async function load(): Promise<void> {
      try {
        const answer = await desk.definitions(state, search.trim(), MOST);
        if (!wanted) return;
        setFound(answer);
        setProblem(null);
      } catch (error) {
        if (!(error instanceof CallFailed)) throw error;
        if (wanted) setProblem(error.detail);
      }
    }
    const pause = setTimeout(() => void load(), search === "" ? 0 : PAUSE_MS);
    return () => {
      wanted = false;
      clearTimeout(pause);
    };
  }, [state, search, alarms.value]);

  function changed(now: AlarmDefinition): void {
    setFound((was) => was && { ...was, definitions: was.definitions.map((each) => (each.id === now.id ? now : each)) });
  }

  return (
    <section class="held" data-testid="held">
      <p class="held-note">{text.note}</p>
      <div class="filters">
        <select aria-label={text.show} value={state} data-testid="held-state" onChange={(event) => setState(event.currentTarget.value as DefinitionState)}>
          {definitionStates.map((each) => (
            <option key={each} value={each}>
              {text.shows[each]}
            </option>
          ))}
        </select>
        <input
          type="search"
          aria-label={text.search}
          placeholder={text.search}
          value={search}
          data-testid="held-search"
          onInput={(event) => setSearch(event.currentTarget.value)}
        />
        {found !== null && <span class="dim">{text.total(`${found.definitions.length}`, `${found.total}`)}</span>}
      </div>
      {problem !== null && <p class="waiting problem">{text.unread(problem)}</p>}
      {found === null && problem === null && <p class="waiting">{text.loading}</p>}
      {found?.total === 0 && <p class="waiting">{state === "held" && search === "" ? text.none : text.noneFound}</p>}
      {found !== null && found.total > 0 && (
        <ul class="held-list">
          {found.definitions.map((each) => (
            <HeldRow key={each.id} definition={each} changed={changed} />
          ))}
        </ul>
      )}
    </section>
  );
}

function HeldRow({ definition, changed }: { definition: AlarmDefinition; changed: (now: AlarmDefinition) => void }) {
  const text = words.value.alarms;
  const [open, setOpen] = useState(false);
  const details = `held-${definition.id}`;
  return (
    <li class="held-row" data-testid="held-row" data-definition={definition.id}>
      <div class="h-alarm">
        <Mark priority={definition.priority} hollow={definition.state !== "unacknowledged"} /> <b>{definition.asset}</b>{" "}
        {messageOf(definition)}
      </div>
      <div class={`h-state ${definition.state}`}>{text.states[definition.state]}</div>
      <div class="h-holds">
        <Holds holds={definition.holds} shadow={definition.shadow} />
      </div>
      <button
        type="button"
        class="quiet"
        aria-expanded={open}
        aria-controls={details}
        data-testid="held-details"
        onClick={() => setOpen(!open)}
      >
        {text.details} <span aria-hidden="true">{open ? "▴" : "▾"}</span>
      </button>
      {open && (
        <div class="h-open" id={details}>
          <AlarmActions
            target={{ kind: "alarm-definitions", definition }}
            done={(now) => now.kind === "alarm-definitions" && changed(now.definition)}
          />
          <Journal definition={definition} />
        </div>
      )}
    </li>
  );
}

function Journal({ definition }: { definition: AlarmDefinition }) {
  const text = words.value.alarmDesk;
  const [steps, setSteps] = useState<readonly Transition[] | null>(null);
  const [problem, setProblem] = useState<string | null>(null);

  useEffect(() => {
    let wanted = true;
    desk.journal(definition.id, STEPS).then(
      (answer) => wanted && setSteps(answer.transitions),
      (error: unknown) => {
        if (!(error instanceof CallFailed)) throw error;
        if (wanted) setProblem(error.detail);
      },
    );
    return () => {
      wanted = false;
    };
  }, [definition, alarms.value]);

  return (
    <section>
      <h3>{text.journal}</h3>
      {problem !== null && <p class="problem">{text.unread(problem)}</p>}
      {steps === null && problem === null && <p class="dim">{text.loading}</p>}
      {steps?.length === 0 && <p class="dim">{text.noJournal}</p>}
      {steps !== null && <Steps steps={steps} unit="" limit={null} />}
    </section>
  );
}
