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
};
