// What the global AwsS3 is, for the table of the API.
export * from "@aws-sdk/client-s3";
export { Upload } from "@aws-sdk/lib-storage";
export { createPresignedPost } from "@aws-sdk/s3-presigned-post";
export { getSignedUrl } from "@aws-sdk/s3-request-presigner";
