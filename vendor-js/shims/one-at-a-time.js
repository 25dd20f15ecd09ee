// The engine (quickjs-ng 0.16.2) loses requests to an async generator that ends
// while more than two of them wait: their promises never settle
// (js_async_generator_resume_next leaves its loop after the first one in the
// completed state). Upload pulls parts from one generator with four loops at
// once, so it never ended. Here each request waits for the one before it.
export function oneAtATime(generator) {
  let last = Promise.resolve();
  const inTurn = (method) => (value) => {
    const ask = () => generator[method](value);
    last = last.then(ask, ask);
    return last;
  };
  return {
    next: inTurn("next"),
    return: inTurn("return"),
    throw: inTurn("throw"),
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
