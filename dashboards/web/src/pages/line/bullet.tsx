// A bullet bar: how much is, against how much there should be, on a scale that ends at `end`.

type Props = {
  actual: number | null;
  required: number | null;
  end: number;
  /** Below what is required: the only case with colour. */
  low: boolean;
  label: string;
};

export function Bullet({ actual, required, end, low, label }: Props) {
  const scale = Math.max(end, required ?? 0, actual ?? 0, 1e-9);
  const percent = (value: number) => `${Math.min(100, Math.max(0, (100 * value) / scale)).toFixed(2)}%`;
  return (
    <div class={`bullet ${low ? "low" : ""} ${actual === null ? "unknown" : ""}`} role="img" aria-label={label}>
      {actual !== null && <div class="bullet-actual" style={{ width: percent(actual) }} />}
      {required !== null && <div class="bullet-required" style={{ left: percent(required) }} />}
    </div>
  );
}
