// The one table of ops on the JavaScript side; `Op` in src/isolate/host.rs is
// the other, and a test there compares the two.
export const LOG = 1; // (level, text)
export const WALL_CLOCK = 2; // () → ms since the epoch
export const ELAPSED = 3; // () → ms since the run began
export const TIME_ORIGIN = 4; // () → ms since the epoch at which the run began
export const RANDOM_BYTES = 5; // (n ≤ 65536) → ArrayBuffer
export const TIMER_START = 6; // (delayMs, repeat) → id
export const TIMER_CLEAR = 7; // (id)
export const MAP_STACK = 8; // (text) → text
export const UTF8_ENCODE = 20; // (text) → ArrayBuffer
export const DECODER_NAME = 21; // (label) → canonical name of the encoding
export const DECODE = 22; // (name, bytes, fatal) → text
export const URL_PARSE = 23; // (href, base | undefined) → parts
export const URL_SET = 24; // (href, part, value) → parts
export const DECODER_OPEN = 25; // (name) → decoder
export const DECODER_NEXT = 26; // (decoder, bytes, last, fatal) → text
export const FLATE_OPEN = 30; // (format, unpack) → stream
export const FLATE_PUSH = 31; // (stream, bytes ≤ 64 KiB)
export const FLATE_PULL = 32; // (stream, at the end) → ArrayBuffer | undefined before the next push
export const CRYPTO = 35; // (operation, …) → ArrayBuffer | boolean
export const CRYPTO_CALL = 36; // (operation, …) → a call: the same
// "A call" gives its number at once and settles later: `call` in door.js.
export const HTTP_START = 40; // (description, body | undefined) → a call: JSON text of the head
export const HTTP_TAKE = 41; // (exchange, max) → ArrayBuffer | true at the end | undefined: wait
export const HTTP_READ = 42; // (exchange, max) → a call: ArrayBuffer | undefined at the end
export const HTTP_WRITE = 43; // (exchange, bytes) → a call: there is room for more
export const HTTP_END = 44; // (exchange)
export const HTTP_ABORT = 45; // (exchange)
export const HTTP_HOLD = 46; // (bytes, bytes in all); a slice of the body of the next HTTP_START
export const AWS_DEFAULTS = 50; // () → a call: JSON text
export const AWS_PRESIGN = 51; // (description) → a call: URL
export const AWS_SIGN_POLICY = 52; // (description) → a call: JSON text of form fields
export const CHECKSUM = 53; // (algorithm, bytes | text) → a call: base64
export const XML_PARSE = 54; // (text | bytes) → JSON text
export const INTL = 80; // (request, action, value, other) → text, JSON text or a number
export const INTL_TAG = 81; // (action, tag, more) → text
export const ZONE_NAME = 82; // (ms since the epoch) → text
