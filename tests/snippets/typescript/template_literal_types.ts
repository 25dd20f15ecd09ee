type Ev = `${"on" | "off"}:${string}`;
const e: Ev = "on:click";
return e.split(":") as [string, string];
