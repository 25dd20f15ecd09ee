const out: string[] = [];
const open = (name: string): Disposable => ({ [Symbol.dispose]() { out.push(name); } });
function work() { using _h = open("h"); out.push("in"); return out.length; }
return [work(), out];
