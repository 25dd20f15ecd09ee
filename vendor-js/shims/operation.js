// In place of @smithy/core's operation(), which makes the description of an
// operation anew for each request and each response: what the SDK works out from
// it (the path, the bindings) it keeps there, and so never found it again.
const known = new WeakMap();

export function operation(namespace, name, traits, input, output) {
  const make = () => ({ name, namespace, traits, input, output });
  if (typeof traits !== "object" || traits === null) return make();
  let res = known.get(traits);
  if (res === undefined || res.input !== input || res.output !== output) known.set(traits, (res = make()));
  return res;
}
