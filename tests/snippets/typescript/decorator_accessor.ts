const keys: string[] = [];
function note(_t: any, key: string, d: PropertyDescriptor) { keys.push(`${key}:${typeof d.get}`); }
class A { @note get value() { return 4; } @note static get shared() { return 5; } }
return [keys, new A().value + A.shared];
