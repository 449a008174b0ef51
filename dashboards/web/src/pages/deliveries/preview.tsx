// What a destination would be told: a sample message, as it would be sent; nothing is sent.

import { useState } from "preact/hooks";
import { post, type Sample, samples } from "../../api/deliveries";
import { useAsking } from "../../ui/ask";
import { words } from "../../words";

export function Preview({ name }: { name: string }) {
  const text = words.value.deliveries;
  const [sample, setSample] = useState<Sample>("raised");
  const [body, setBody] = useState<string | null>(null);
  const { problem, ask } = useAsking();

  const show = (chosen: Sample) => {
    setSample(chosen);
    return ask(async () => {
      setBody(null);
      setBody((await post.preview(name, chosen)).body);
    });
  };

  return (
    <details
      class="preview"
      data-testid={`preview-${name}`}
      onToggle={(event) => {
        if (event.currentTarget.open && body === null) void show(sample);
      }}
    >
      <summary title={text.previewOne(name)}>{text.preview}</summary>
      <label>
        {text.sample}{" "}
        <select value={sample} onChange={(event) => void show(event.currentTarget.value as Sample)}>
          {samples.map((one) => (
            <option key={one} value={one}>
              {text.samples[one]}
            </option>
          ))}
        </select>
      </label>
      {problem !== null && <p class="problem">{text.notDone(problem)}</p>}
      {body !== null && <pre>{readable(body)}</pre>}
    </details>
  );
}

/** JSON over several lines, and its texts with their own lines; anything else as it is. */
function readable(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), null, 2).replaceAll("\\n", "\n");
  } catch {
    return body;
  }
}
