// What `new AwsS3.S3Client({})` takes where the snippet says nothing, put
// around the SDK's own getRuntimeConfig.
//
// Checksums only where S3 demands them: the browser build's chunked encoding
// spoils binary streams, and a presigned PUT would sign the checksum of an
// empty body.
export function withHostDefaults(config) {
  return {
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    ...config,
  };
}
