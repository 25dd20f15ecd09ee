type Ctor<T = {}> = new (...args: any[]) => T;
const Tagged = <B extends Ctor>(Base: B) => class extends Base { tag: string = "t"; };
class Core { n = 1 }
const x = new (Tagged(Core))();
return { n: x.n, tag: x.tag };
