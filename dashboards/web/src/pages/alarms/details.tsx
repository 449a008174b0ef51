// One alarm in full: what happened step by step, who was notified, and its trend.

import { useEffect, useRef, useState } from "preact/hooks";
import { type Delivery, post } from "../../api/deliveries";
import { CallFailed, rest } from "../../api/rest";
import type { Alarm, AlarmDetail, AlarmExplanation } from "../../api/types";
import { hashOf } from "../../route";
import { needsAcknowledging } from "../../state/live";
import { mayAcknowledge } from "../../state/store";
import { AckButton } from "../../ui/ack";
import { Instant, plantStamp } from "../../ui/instant";
import { language, messageOf, words } from "../../words";
import { AlarmActions } from "./actions";
import { Belonging } from "./belonging";
import { Guidance } from "./guidance";
import { Holds } from "./holds";
import { Steps } from "./steps";

const DELIVERIES = 100;
const AROUND_MS = 30 * 60_000;

export function AlarmDetails({ alarm }: { alarm: Alarm }) {
  const text = words.value.alarms;
  const [detail, setDetail] = useState<AlarmDetail | null>(null);
  const [deliveries, setDeliveries] = useState<readonly Delivery[] | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [done, setDone] = useState(0);
  const comment = useRef<HTMLInputElement>(null);

  useEffect(() => {
    let wanted = true;
    async function load(): Promise<void> {
      try {
        const told = post.deliveries({ state: "", destination: "", alarm: alarm.id }, DELIVERIES, null);
        const [one, all] = await Promise.all([rest.alarm(alarm.id), told]);
        if (!wanted) return;
        setDetail(one);
        setDeliveries(all.deliveries);
      } catch (error) {
        if (!(error instanceof CallFailed)) throw error;
        if (wanted) setProblem(error.detail);
      }
    }
    void load();
    return () => {
      wanted = false;
    };
  }, [alarm.id, alarm.state, done]);

  if (problem !== null) return <p class="problem">{text.failed(problem)}</p>;
  if (detail === null || deliveries === null) return <p class="dim">{text.loading}</p>;
  return (
    <div class="details">
      <Guidance guidance={detail.guidance} />
      <Belonging alarm={alarm} />
      <Explained alarm={alarm} />
      <section>
        <h3>{text.transitions}</h3>
        <Steps steps={detail.transitions} unit={detail.unit} limit={detail.limit} />
      </section>
      <section>
        <h3>{text.deliveries}</h3>
        {deliveries.length === 0 && <p class="dim">{text.noDeliveries}</p>}
        <ul>
          {deliveries.map((each) => (
            <DeliveryLine key={each.id} delivery={each} />
          ))}
        </ul>
      </section>
      <section>
        <p class="dim">
          {text.rule} {alarm.rule}
          {alarm.tag !== null && (
            <>
              {" "}
              · {text.tag} {alarm.tag}
            </>
          )}
        </p>
        {alarm.tag !== null && (
          <p>
            <a href={trendAround(alarm, alarm.tag)}>{text.showTrend}</a>
          </p>
        )}
        {needsAcknowledging(alarm) && mayAcknowledge.value && (
          <p class="ack-comment">
            <input ref={comment} aria-label={text.comment} placeholder={text.comment} maxLength={500} />
            <AckButton alarm={alarm} comment={() => comment.current?.value ?? ""} />
          </p>
        )}
        <Holds holds={detail.holds} />
        <AlarmActions target={{ kind: "alarms", alarm: detail }} done={() => setDone(done + 1)} />
      </section>
    </div>
  );
}

/** What lies behind it, as things are known when the details are opened. */
function Explained({ alarm }: { alarm: Alarm }) {
  const text = words.value.alarms;
  const [told, setTold] = useState<AlarmExplanation | null>(null);
  const [failed, setFailed] = useState(false);

  useEffect(() => {
    let wanted = true;
    rest.explanation(alarm.id).then(
      (answer) => wanted && setTold(answer),
      (error: unknown) => {
        if (!(error instanceof CallFailed)) throw error;
        if (wanted) setFailed(true);
      },
    );
    return () => {
      wanted = false;
    };
  }, [alarm.id]);

  const said = told === null ? "" : language.value === "zh" ? told.words_zh : told.words_en;
  return (
    <section class="explained" data-testid="alarm-explained">
      <h3>{text.explained}</h3>
      {told === null && !failed && <p class="dim">{text.explaining}</p>}
      {(failed || (told !== null && said === "")) && <p class="dim">{text.notExplained}</p>}
      {said !== "" && <p>{said}</p>}
      {told !== null && told.meanwhile.length > 0 && (
        <>
          <h3>{text.meanwhile}</h3>
          <ul>
            {told.meanwhile.map((each) => (
              <li key={each.id}>
                <Instant at={each.since} /> {messageOf(each)}
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}

function DeliveryLine({ delivery }: { delivery: Delivery }) {
  const text = words.value.alarms;
  const at = delivery.delivered_at ?? delivery.created_at;
  return (
    <li class={`delivery ${delivery.state}`}>
      <Instant at={at} /> {delivery.destination}: <b>{text.deliveryStates[delivery.state]}</b>
      {delivery.attempts > 0 && ` · ${text.attempts(delivery.attempts)}`}
      {delivery.state === "pending" && delivery.next_attempt_at !== null && (
        <span class="dim"> · {text.nextAttempt(plantStamp(delivery.next_attempt_at))}</span>
      )}
      {delivery.state !== "delivered" && delivery.last_error !== null && (
        <span class="problem"> {delivery.last_error}</span>
      )}
    </li>
  );
}

/** Half an hour before the alarm came until half an hour after it came or went. */
function trendAround(alarm: Alarm, tag: string): string {
  const from = Date.parse(alarm.raised_at) - AROUND_MS;
  const to = Date.parse(alarm.returned_at ?? alarm.raised_at) + AROUND_MS;
  return hashOf("trends", { tags: tag, from: `${from}`, to: `${to}` });
}
