// Alarm floods, and alarms arranged by what they follow from.

export const floods = {
  label: "Alarm flood",
  lasts: (position: string, time: string, count: string) =>
    position === "plant" ? `Alarm flood since ${time}: ${count} alarms` : `Alarm flood at ${position} since ${time}: ${count} alarms`,
  note: "Messages go out as digests, critical alarms singly.",
  look: "Show by cause",
  arrangement: "Arrangement",
  single: "One by one",
  root: "By cause",
  others: (count: number) => (count === 1 ? "1 more alarm belongs to this one" : `${count} more alarms belong to this one`),
};
