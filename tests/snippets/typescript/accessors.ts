class Temp { private c = 0; get f(): number { return this.c * 1.8 + 32; } set f(v: number) { this.c = (v - 32) / 1.8; } }
const t = new Temp(); t.f = 212;
return t.f;
