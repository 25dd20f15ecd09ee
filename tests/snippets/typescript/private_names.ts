class Counter {
  #n = 0;
  static #made = 0;
  constructor() { Counter.#made++; }
  get n(): number { return this.#n; }
  #bump(): void { this.#n += 1; }
  bump(): this { this.#bump(); return this; }
  static made(): number { return this.#made; }
  static is(x: object): boolean { return #n in x; }
}
return [new Counter().bump().bump().n, Counter.made(), Counter.is({})];
