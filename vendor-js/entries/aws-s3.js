// The global AwsS3: the whole of @aws-sdk/client-s3, and what its sister
// packages add for presigning and for uploads of any size.
import * as client from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { createPresignedPost } from "../shims/presigned-post.js";
import "./aws-s3-warm-up.js";

const AwsS3 = { ...client, Upload, createPresignedPost, getSignedUrl };
Object.defineProperty(AwsS3, Symbol.toStringTag, { value: "Module" });
Object.defineProperty(globalThis, "AwsS3", { value: AwsS3, writable: true, configurable: true });
