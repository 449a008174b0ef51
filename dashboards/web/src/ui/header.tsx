// The head of every page: where, when and who; whether the values are alive; the alarm banner.

import { plantTime, shiftAt } from "../format/time";
import { hashOf, PAGES, type Page, route, trendsLeft } from "../route";
import { line, serverNowMs, site, timeZone } from "../state/store";
import { nameOf, words } from "../words";
import { AlarmBanner } from "./banner";
import { ConnectionBar } from "./connection";
import { FloodBanner } from "./flood";
import { LanguageSwitch, ThemeSwitch } from "./switches";
import { UserMenu } from "./usermenu";

export function Header() {
  return (
    <header class="head">
      <div class="head-row">
        <a class="site" href={hashOf("line")}>
          <img src="./icon.svg" alt="" width="26" height="26" />
          <span>{site.value === null ? "" : nameOf(site.value)}</span>
        </a>
        <nav aria-label={words.value.nav.label}>
          {PAGES.map((page) => (
            <PageLink key={page} page={page} />
          ))}
        </nav>
        <PlantClock />
        <div class="tools">
          <LanguageSwitch />
          <ThemeSwitch />
          <UserMenu />
        </div>
      </div>
      <ConnectionBar />
      <AlarmBanner />
      <FloodBanner />
    </header>
  );
}

function PageLink({ page }: { page: Page }) {
  const here = route.value.page === page;
  return (
    <a href={page === "trends" ? trendsLeft.value : hashOf(page)} {...(here ? { "aria-current": "page" as const } : {})} data-testid={`nav-${page}`}>
      {words.value.nav[page]}
    </a>
  );
}

function PlantClock() {
  const nowMs = serverNowMs.value;
  const zone = timeZone.value;
  const { date, time } = plantTime(nowMs, zone);
  const shift = shiftAt(nowMs, zone, line.value?.shifts ?? []);
  return (
    <div class="clock" title={`${words.value.clock.plantTime}: ${zone}`} data-testid="plant-clock">
      <span class="clock-date">{date}</span> <span class="clock-time">{time}</span>{" "}
      <span class="clock-shift">{shift === null ? "" : words.value.clock.shift(shift.name)}</span>
    </div>
  );
}
