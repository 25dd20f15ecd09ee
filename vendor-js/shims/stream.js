// In place of Node's streams (stream-browserify), of which @aws-sdk/lib-storage
// only asks whether a body is one. In an isolate none is.
export class Readable {}
