// Name and password, and plainly why it did not work.

import { useState } from "preact/hooks";
import { CallFailed } from "../api/rest";
import { type Identity, login } from "../state/store";
import { LanguageSwitch, ThemeSwitch } from "../ui/switches";
import { words } from "../words";

export function LoginPage({ identity }: { identity: Exclude<Identity, { state: "known" }> }) {
  const text = words.value.login;
  const [problem, setProblem] = useState<((t: typeof text) => string) | null>(null);
  const [busy, setBusy] = useState(false);
  const [shown, setShown] = useState(false);

  async function submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const name = String(form.get("name")).trim();
    const password = String(form.get("password"));
    if (name === "" || password === "") {
      setProblem(() => (t: typeof text) => t.empty);
      return;
    }
    setBusy(true);
    setProblem(null);
    try {
      await login(name, password);
    } catch (error) {
      setProblem(() => problemOf(error));
    } finally {
      setBusy(false);
    }
  }

  const standing =
    problem?.(text) ??
    (identity.state === "unreachable"
      ? text.unreachable
      : identity.state === "nobody" && identity.expired
        ? text.expired
        : "");
  return (
    <main class="login">
      <form onSubmit={(event) => void submit(event as SubmitEvent)}>
        <h1>
          <img src="./icon.svg" alt="" width="32" height="32" /> {words.value.product}
        </h1>
        <label>
          {text.name}
          <input name="name" autocomplete="username" autocapitalize="none" data-testid="login-name" autofocus />
        </label>
        <label>
          {text.password}
          <input
            name="password"
            {...(shown ? { type: "text" as const } : { type: "password" as const })}
            autocomplete="current-password"
            data-testid="login-password"
          />
        </label>
        <label class="inline">
          <input type="checkbox" checked={shown} onChange={() => setShown(!shown)} /> {text.show}
        </label>
        <button type="submit" class="primary" disabled={busy} data-testid="login-submit">
          {busy ? text.busy : text.submit}
        </button>
        <p class="problem" role="alert" data-testid="login-error">
          {standing}
        </p>
        <div class="login-switches">
          <LanguageSwitch />
          <ThemeSwitch />
        </div>
      </form>
    </main>
  );
}

type Text = typeof words.value.login;

function problemOf(error: unknown): (text: Text) => string {
  if (!(error instanceof CallFailed)) throw error;
  if (error.status === 401) return (text) => text.wrong;
  if (error.status === 429) return (text) => text.tooMany;
  if (error.status === 0) return (text) => text.unreachable;
  return (text) => text.failed(error.detail);
}
