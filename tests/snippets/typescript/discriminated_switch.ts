type Shape = { t: "sq"; s: number } | { t: "ci"; r: number };
function area(x: Shape): number {
  switch (x.t) {
    case "sq": return x.s ** 2;
    case "ci": return Math.round(Math.PI * x.r ** 2);
    default: { const never: never = x; return never; }
  }
}
return [area({ t: "sq", s: 3 }), area({ t: "ci", r: 1 })];
