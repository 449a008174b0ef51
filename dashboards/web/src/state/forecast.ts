// The forecast, asked for now and then: it is renewed once an hour.

import { signal } from "@preact/signals";
import { CallFailed, rest } from "../api/rest";
import type { Forecast } from "../api/types";

export const forecast = signal<Forecast | null>(null);
export const forecastError = signal<string | null>(null);
const EVERY_MS = 60_000;

/** Reads the forecast again and again; the answer ends it. */
export function followForecast(): () => void {
  void readForecast();
  const timer = setInterval(() => void readForecast(), EVERY_MS);
  return () => clearInterval(timer);
}

async function readForecast(): Promise<void> {
  try {
    forecast.value = await rest.forecast();
    forecastError.value = null;
  } catch (error) {
    if (!(error instanceof CallFailed)) throw error;
    forecastError.value = error.detail;
  }
}
