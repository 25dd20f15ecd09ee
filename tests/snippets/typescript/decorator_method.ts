function twice(_target: any, _key: string, descriptor: PropertyDescriptor) {
  const original = descriptor.value;
  descriptor.value = function (...args: any[]) { return original.apply(this, args) * 2; };
  return descriptor;
}
class Calc { @twice add(a: number, b: number) { return a + b; } }
return new Calc().add(1, 2);
