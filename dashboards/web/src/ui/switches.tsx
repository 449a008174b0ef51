// Language and theme.

import { setTheme, type Theme, theme } from "../state/theme";
import { language, setLanguage, words } from "../words";

export function LanguageSwitch() {
  const other = language.value === "en" ? "zh" : "en";
  return (
    <button
      type="button"
      class="quiet"
      lang={other === "zh" ? "zh-CN" : "en"}
      data-testid="lang-switch"
      onClick={() => setLanguage(other)}
    >
      {other === "zh" ? "中文" : "English"}
    </button>
  );
}

export function ThemeSwitch() {
  const text = words.value.theme;
  return (
    <select
      class="quiet"
      aria-label={text.label}
      title={text.label}
      value={theme.value}
      data-testid="theme-switch"
      onChange={(event) => setTheme(event.currentTarget.value as Theme)}
    >
      {(["auto", "light", "dark"] as const).map((each) => (
        <option key={each} value={each}>
          {text[each]}
        </option>
      ))}
    </select>
  );
}
