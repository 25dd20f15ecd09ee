type Client = import("@aws-sdk/client-s3").S3Client;
const x: typeof globalThis.Math = Math;
let c: Client | undefined;
return [x.max(1, 2), c === undefined];
