interface HasId { id: string }
function byId<T extends HasId>(items: T[]): Map<string, T> { return new Map(items.map((it) => [it.id, it])); }
return byId([{ id: "a", n: 1 }, { id: "b", n: 2 }]).get("b")!.n;
