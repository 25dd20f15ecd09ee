interface Named { readonly name: string }
interface Aged { age(): number }
class P implements Named, Aged { readonly name = "p"; age(): number { return 4; } declare hidden: string; }
const p = new P();
return [p.name, p.age(), "hidden" in p];
