class Stack<T = number> {
  private items: T[] = [];
  push(...xs: T[]): this { this.items.push(...xs); return this; }
  pop(): T | undefined { return this.items.pop(); }
}
return new Stack<string>().push("a", "b").pop();
