function name(this: { n: string }, suffix: string): string { return this.n + suffix; }
return name.call({ n: "a" }, "!");
