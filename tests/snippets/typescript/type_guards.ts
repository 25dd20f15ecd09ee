type Cat = { kind: "cat"; lives: number };
type Dog = { kind: "dog"; tricks: string[] };
const isCat = (x: Cat | Dog): x is Cat => x.kind === "cat";
function assert(x: unknown): asserts x { if (!x) throw new Error("no"); }
const pets: (Cat | Dog)[] = [{ kind: "cat", lives: 9 }, { kind: "dog", tricks: ["sit"] }];
assert(pets.length);
return pets.map((it) => (isCat(it) ? it.lives : it.tricks.length));
