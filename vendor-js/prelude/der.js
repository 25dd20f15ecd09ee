// DER, as much of it as keys are made of.

// One value: `items` of what is constructed, else by its type `integer`
// (without its sign byte), `bits`, `octets`, `oid`.
export function readDer(bytes) {
  const { item, end } = readItem(bytes, 0, 0);
  if (end !== bytes.length) throw new RangeError("more than one value");
  return item;
}

function readItem(bytes, at, depth) {
  if (depth > 8 || at + 2 > bytes.length) throw new RangeError("cut short");
  const tag = bytes[at++];
  let length = bytes[at++];
  if (length > 0x80) {
    let n = length - 0x80;
    if (n > 4) throw new RangeError("too long");
    for (length = 0; n > 0; n--) length = length * 256 + bytes[at++];
  }
  const end = at + length;
  if (!(end <= bytes.length)) throw new RangeError("cut short");
  const item = { __proto__: null, tag };
  const content = bytes.slice(at, end);
  if (tag & 0x20) {
    item.items = [];
    while (at < end) {
      const inner = readItem(bytes, at, depth + 1);
      item.items.push(inner.item);
      at = inner.end;
    }
  } else if (tag === 2) item.integer = withoutZeros(content);
  else if (tag === 3) item.bits = content.subarray(1);
  else if (tag === 4) item.octets = content;
  else if (tag === 6) item.oid = dotted(content);
  return { item, end };
}

function dotted(bytes) {
  const numbers = [Math.floor(bytes[0] / 40), bytes[0] % 40];
  let number = 0;
  for (const byte of bytes.subarray(1)) {
    number = number * 128 + (byte & 0x7f);
    if (byte < 0x80) {
      numbers.push(number);
      number = 0;
    }
  }
  return numbers.join(".");
}

export function withoutZeros(bytes) {
  let from = 0;
  while (from < bytes.length - 1 && bytes[from] === 0) from++;
  return bytes.slice(from);
}

function value(tag, ...contents) {
  let length = 0;
  for (const content of contents) length += content.length;
  const size = [];
  if (length < 0x80) size.push(length);
  else {
    for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) size.unshift(rest % 256);
    size.unshift(0x80 + size.length);
  }
  const bytes = new Uint8Array(1 + size.length + length);
  bytes[0] = tag;
  bytes.set(size, 1);
  let at = 1 + size.length;
  for (const content of contents) {
    bytes.set(content, at);
    at += content.length;
  }
  return bytes;
}

export const derSequence = (...items) => value(0x30, ...items);
export const derOctets = (bytes) => value(4, bytes);
export const derBits = (bytes) => value(3, Uint8Array.of(0), bytes);
export const derInteger = (bytes) => (bytes[0] >= 0x80 ? value(2, Uint8Array.of(0), bytes) : value(2, bytes));
