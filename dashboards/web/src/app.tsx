// Which page is shown: the log-in until somebody is known, then what the address says.

import { useEffect } from "preact/hooks";
import { AlarmsPage } from "./pages/alarms/alarms";
import { CalendarPage } from "./pages/calendar/calendar";
import { DeliveriesPage } from "./pages/deliveries/deliveries";
import { EntriesPage } from "./pages/entries/entries";
import { LinePage } from "./pages/line/line";
import { LoginPage } from "./pages/login";
import { LossesPage } from "./pages/losses/losses";
import { ReportsPage } from "./pages/reports/reports";
import { TrendsEntry } from "./pages/trends/entry";
import { route } from "./route";
import { identity, isLost, site } from "./state/store";
import { Header } from "./ui/header";
import { nameOf, words } from "./words";

export function App() {
  const who = identity.value;
  const { page } = route.value;
  const title = site.value === null ? "" : ` · ${nameOf(site.value)}`;
  useEffect(() => {
    document.title = `${who.state === "known" ? words.value.nav[page] : words.value.login.title}${title} · ${words.value.product}`;
  });
  if (who.state !== "known") return <LoginPage identity={who} />;
  return (
    <>
      <a class="skip" href="#main" onClick={skipToMain}>
        {words.value.nav.skip}
      </a>
      <Header />
      <main id="main" tabIndex={-1} class={isLost.value ? "lost" : ""}>
        {page === "line" && <LinePage />}
        {page === "losses" && <LossesPage />}
        {page === "alarms" && <AlarmsPage />}
        {page === "trends" && <TrendsEntry />}
        {page === "entries" && <EntriesPage />}
        {page === "calendar" && <CalendarPage />}
        {page === "reports" && <ReportsPage />}
        {page === "deliveries" && <DeliveriesPage />}
      </main>
    </>
  );
}

/** The hash names the page, so the browser's own jump to #main would leave it. */
function skipToMain(event: Event): void {
  event.preventDefault();
  document.getElementById("main")?.focus();
}
