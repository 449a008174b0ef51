// What an operator should know about an alarm, and do: its rule's guidance.

import type { Guidance as Told, Said } from "../../api/guidance";
import { language, words } from "../../words";

export function Guidance({ guidance }: { guidance: Told | null }) {
  const text = words.value.guidance;
  if (guidance === null) return null;
  const say = (said: Said): string => said[language.value];
  return (
    <section class="guidance" data-testid="alarm-guidance">
      <h3>{text.title}</h3>
      <dl>
        <dt>{text.response}</dt>
        <dd class="response">
          {say(guidance.response)}
          <span class="dim">
            {" "}
            {text.within(guidance.respond_min)} · {say(guidance.owner)}
          </span>
        </dd>
        <dt>{text.cause}</dt>
        <dd>{say(guidance.cause)}</dd>
        <dt>{text.consequence}</dt>
        <dd>{say(guidance.consequence)}</dd>
      </dl>
    </section>
  );
}
