// What is said with an alarm's guidance, and of alarms that belong together.

export const guidance = {
  title: "What to do",
  response: "Response",
  cause: "Cause",
  consequence: "If nobody responds",
  within: (minutes: number) =>
    minutes >= 1440 ? `within ${minutes / 1440} d` : minutes >= 60 ? `within ${minutes / 60} h` : `within ${minutes} min`,
  quiet: (reason: string) => `Nobody was called: ${reason}.`,
  belongs: "It came with another alarm, or another one explains it.",
  members: (n: number, more: boolean) => `Belonging to it: ${more ? `${n} and more` : n}`,
  first: (n: number) => `first of ${n}`,
  firstHint: "The others came with it, or it explains them; nobody is called about those that it explains.",
  rules: {
    tab: "Rules",
    span: "Time",
    note: "How often each rule's alarms were raised: what people were called about, and what not, and why. Of a rule on trial: what it would have told.",
    failed: (detail: string) => `The rules could not be read: ${detail}`,
    alarms: (n: number, standing: number) =>
      `${n === 1 ? "1 alarm" : `${n} alarms`}${standing === 0 ? "" : `, ${standing} standing`}`,
    told: "told",
    noneQuiet: "none quiet",
    most: (alarm: string, n: string) => `most: ${alarm}, ${n}×`,
    noGuidance: "no guidance yet",
  },
};
