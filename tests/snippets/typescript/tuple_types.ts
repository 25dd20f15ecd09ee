type Pair = [name: string, age?: number, ...tags: string[]];
const [name, age = 1, ...tags]: Pair = ["a", undefined, "x", "y"];
return { name, age, tags };
