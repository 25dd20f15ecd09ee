const levels = ["low", "mid"] as const;
type Level = (typeof levels)[number];
const x: Level = "mid";
return levels.indexOf(x);
