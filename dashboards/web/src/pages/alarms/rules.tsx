// The alarm rules: what each of them raised, and what one on trial would have told.

import { useEffect, useState } from "preact/hooks";
import { type AlarmRule, alarmRules } from "../../api/guidance";
import { CallFailed } from "../../api/rest";
import type { Quiet } from "../../api/types";
import { fixed } from "../../format/number";
import { serverNowMs } from "../../state/store";
import { words } from "../../words";

const DAY_MS = 86_400_000;
const spans = { day: DAY_MS, week: 7 * DAY_MS, month: 30 * DAY_MS };
type Span = keyof typeof spans;
const EVERY_MS = 60_000;

export function Rules() {
  const text = words.value.guidance.rules;
  const [span, setSpan] = useState<Span>("week");
  const [found, setFound] = useState<readonly AlarmRule[] | null>(null);
  const [problem, setProblem] = useState<string | null>(null);

  useEffect(() => {
    let wanted = true;
    async function load(): Promise<void> {
      try {
        const { rules } = await alarmRules(serverNowMs.peek() - spans[span]);
        if (!wanted) return;
        setFound(rules);
        setProblem(null);
      } catch (error) {
        if (!(error instanceof CallFailed)) throw error;
        if (wanted) setProblem(error.detail);
      }
    }
    void load();
    const again = setInterval(() => void load(), EVERY_MS);
    return () => {
      wanted = false;
      clearInterval(again);
    };
  }, [span]);

  if (problem !== null) return <p class="waiting problem">{text.failed(problem)}</p>;
  if (found === null) return <p class="waiting">{words.value.alarms.loading}</p>;
  return (
    <div class="alarm-rules" data-testid="alarm-rules">
      <div class="tabs" role="group" aria-label={text.span}>
        {(["day", "week", "month"] as const).map((each) => (
          <button key={each} type="button" aria-pressed={span === each} data-testid={`rules-${each}`} onClick={() => setSpan(each)}>
            {words.value.alarmKpi.spans[each]}
          </button>
        ))}
      </div>
      <p class="held-note">{text.note}</p>
      <ul class="held-list">
        {found.map((rule) => (
          <RuleRow key={rule.id} rule={rule} />
        ))}
      </ul>
    </div>
  );
}

function RuleRow({ rule }: { rule: AlarmRule }) {
  const text = words.value.guidance.rules;
  const reasons = words.value.alarmHistory.quietReasons;
  const quiet = Object.entries(rule.quiet) as [Quiet, number][];
  return (
    <li class={`rule-row ${rule.shadow ? "shadow" : ""}`} data-testid="rule-row" data-rule={rule.id}>
      <span class="r-rule">
        <b>{rule.id}</b> {rule.shadow && <span class="first-out">{reasons.shadow}</span>}
        <span class="dim">{text.alarms(rule.alarms, rule.standing)}</span>
      </span>
      <span class="r-told">
        <b>{fixed(rule.told, 0)}</b> {text.told}
      </span>
      <span class="r-quiet">
        {quiet.length === 0 ? <span class="dim">{text.noneQuiet}</span> : quiet.map(([why, n]) => `${reasons[why]} ${fixed(n, 0)}`).join(" · ")}
      </span>
      <span class="r-most dim">{rule.most !== null && text.most(rule.most, fixed(rule.most_raised, 0))}</span>
      {rule.guidance === null && <span class="r-none dim">{text.noGuidance}</span>}
    </li>
  );
}
