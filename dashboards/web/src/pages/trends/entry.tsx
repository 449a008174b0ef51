// Trends bring the chart library with them, so they are loaded when they are first shown.

import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { words } from "../../words";

export function TrendsEntry() {
  const [Page, setPage] = useState<ComponentType | null>(null);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    import("./trends").then(
      (module) => setPage(() => module.TrendsPage),
      () => setFailed(true), // another version was installed meanwhile, which has other files
    );
  }, []);
  if (Page !== null) return <Page />;
  if (!failed) return <p class="waiting">{words.value.trends.loading}</p>;
  return (
    <p class="waiting" role="alert">
      {words.value.outdated}{" "}
      <button type="button" onClick={() => location.reload()}>
        {words.value.reload}
      </button>
    </p>
  );
}
