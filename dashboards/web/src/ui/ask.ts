// One question to the service at a time: whether it is on its way, and what went wrong.

import { useState } from "preact/hooks";
import { CallFailed } from "../api/rest";

export type Asking = { busy: boolean; problem: string | null; ask(question: () => Promise<void>): Promise<void> };

export function useAsking(): Asking {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  async function ask(question: () => Promise<void>): Promise<void> {
    setBusy(true);
    setProblem(null);
    try {
      await question();
    } catch (error) {
      if (!(error instanceof CallFailed)) throw error;
      setProblem(error.detail);
    } finally {
      setBusy(false);
    }
  }
  return { busy, problem, ask };
}
