const calls: string[] = [];
const mark = (name: string) => (..._: any[]): any => { calls.push(name); };
class A {
  @mark("first") @mark("second") run(@mark("param") x: number) { return x; }
  @mark("field") field = 1;
}
return [calls, new A().run(3)];
