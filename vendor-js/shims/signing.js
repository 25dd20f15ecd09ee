// Requests on their way from the signer to the request handler. The signature
// itself is made on the host, where the keys are, from what is noted here; it
// travels as the `authorization` header, which survives every copy that a
// middleware makes of a request.
const PREFIX = "by the host ";

// Number → { region, service, credentials }.
const notes = new Map();
let lastNumber = 0;

export function note(headers, sign) {
  notes.set(++lastNumber, sign);
  headers.authorization = PREFIX + lastNumber;
}

// Takes the note off the headers; undefined where nothing is to be signed.
export function takeNote(headers) {
  const { authorization } = headers;
  if (typeof authorization !== "string" || !authorization.startsWith(PREFIX)) return undefined;
  const number = Number(authorization.slice(PREFIX.length));
  const sign = notes.get(number);
  notes.delete(number);
  delete headers.authorization;
  return sign;
}

// The header that asks the host for a checksum of the body, by its algorithm.
export const CHECKSUM_BY_HOST = "x-checksum-by-host";

// Stands for the host's own keys wherever the SDK passes credentials around.
export const hostIdentity = () => ({
  accessKeyId: "of the host",
  secretAccessKey: "of the host",
  isHost: true,
});

// Credentials as the host takes them: null for its own.
export function keysOf(credentials) {
  if (credentials?.isHost === true) return null;
  const { accessKeyId, secretAccessKey, sessionToken } = credentials ?? {};
  if (typeof accessKeyId !== "string" || typeof secretAccessKey !== "string") {
    throw new Error("Resolved credential object is not valid: it needs accessKeyId and secretAccessKey");
  }
  return { accessKeyId, secretAccessKey, sessionToken };
}
