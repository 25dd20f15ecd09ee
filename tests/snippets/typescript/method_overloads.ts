class Parser {
  parse(x: string): number;
  parse(x: number): string;
  parse(x: any): any { return typeof x === "string" ? Number(x) : String(x); }
}
const p = new Parser();
return [p.parse("4"), p.parse(4)];
