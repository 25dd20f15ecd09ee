import type { S3Client } from "@aws-sdk/client-s3";
import { type GetObjectCommandOutput } from "@aws-sdk/client-s3";
export type Row = { client?: S3Client; out?: GetObjectCommandOutput; n: number };
const row: Row = { n: 1 };
return row;
