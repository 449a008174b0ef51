import { effect } from "@preact/signals";
import { render } from "preact";
import { App } from "./app";
import { followHash } from "./route";
import { followDestinations } from "./state/destinations";
import { start } from "./state/store";
import { followTheme } from "./state/theme";
import "./styles/base.css";
import "./styles/header.css";
import "./styles/line.css";
import "./styles/forecast.css";
import "./styles/alarms.css";
import "./styles/alarmkpi.css";
import "./styles/held.css";
import "./styles/floods.css";
import "./styles/entries.css";
import "./styles/losses.css";
import "./styles/reports.css";
import "./styles/deliveries.css";
import { language } from "./words";

followTheme();
followHash();
effect(() => {
  document.documentElement.lang = language.value === "zh" ? "zh-CN" : "en";
});
start();
followDestinations();
render(<App />, document.getElementById("app") as HTMLElement);
