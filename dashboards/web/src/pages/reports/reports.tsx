// The shift reports: the shift that is on, and what was reported of those before it.

import { useEffect, useState } from "preact/hooks";
import { CallFailed, rest } from "../../api/rest";
import type { ReportItem, ReportList } from "../../api/types";
import { deviation, tonnes } from "../../format/number";
import { plantTime } from "../../format/time";
import { timeZone } from "../../state/store";
import { language, words } from "../../words";

const PAGE = 50;

export function ReportsPage() {
  const text = words.value.reports;
  const [list, setList] = useState<ReportList | null>(null);
  const [more, setMore] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);

  async function load(before: readonly ReportItem[]): Promise<void> {
    try {
      const next = await rest.reports(PAGE, before.length);
      const known = new Set(before.map(({ shift }) => shift)); // a new report pushes others on
      setList({ ...next, reports: [...before, ...next.reports.filter(({ shift }) => !known.has(shift))] });
      setMore(next.reports.length === PAGE);
      setProblem(null);
    } catch (error) {
      if (!(error instanceof CallFailed)) throw error;
      setProblem(error.detail);
    }
  }

  useEffect(() => void load([]), []);

  if (problem !== null) return <p class="waiting problem">{text.failed(problem)}</p>;
  if (list === null) return <p class="waiting">{text.loading}</p>;
  return (
    <div class="reports">
      <h1 class="hidden">{text.title}</h1>
      <ul class="report-list">
        <li data-testid="report-current">
          <strong>{list.current}</strong>
          <span class="report-figures">{text.current}</span>
          <Opening shift={list.current} />
        </li>
        {list.reports.map((report) => (
          <Row key={report.shift} report={report} />
        ))}
      </ul>
      {list.reports.length === 0 && <p class="waiting">{text.none}</p>}
      {more && (
        <button type="button" class="more" onClick={() => void load(list.reports)}>
          {text.more}
        </button>
      )}
    </div>
  );
}

function Row({ report }: { report: ReportItem }) {
  const text = words.value.reports;
  return (
    <li data-testid="report-row" data-shift={report.shift}>
      <strong>{report.shift}</strong>
      <span class="report-when">
        {moment(report.start)} – {moment(report.end).slice(-5)}
      </span>
      <span class="report-figures">
        {text.made(tonnes(report.actual_t), tonnes(report.plan_t), deviation(report.deviation_pct))}
      </span>
      <span class="report-state">
        {!report.final && <b>{text.provisional} </b>}
        {report.revision > 1 && text.revision(report.revision)}
      </span>
      <Opening shift={report.shift} />
    </li>
  );
}

function Opening({ shift }: { shift: string }) {
  const text = words.value.reports;
  const address = (kind: string) => `api/v1/reports/${encodeURIComponent(shift)}.${kind}?lang=${language.value}`;
  return (
    <span class="report-links">
      <a href={address("html")} target="_blank" rel="opener" data-testid="report-open">
        {text.open}
      </a>
      <a href={address("pdf")} target="_blank" data-testid="report-pdf">
        PDF
      </a>
      <button type="button" onClick={() => print(address("html"))} data-testid="report-print">
        {text.print}
      </button>
    </span>
  );
}

/** The report in a window of its own, with the browser's print dialogue. */
function print(address: string): void {
  const page = open(address, "_blank");
  page?.addEventListener("load", () => page.print());
}

function moment(iso: string): string {
  const { date, time } = plantTime(Date.parse(iso), timeZone.value);
  return `${date} ${time.slice(0, 5)}`;
}
