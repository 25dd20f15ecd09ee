// Records where the SDK on Node sends what: `node tests/snippets/endpoints.mjs`,
// after `npm ci` in vendor-js. The test of the same name runs the code below in an
// isolate and compares; it needs no Node. Rows are `[configuration, bucket, key?]`,
// and the answer comes last.
import { readFileSync, writeFileSync } from "node:fs";
import * as AwsS3 from "../../vendor-js/node_modules/@aws-sdk/client-s3/dist-cjs/index.js";

const target = new URL("./endpoints.json", import.meta.url);
const snippet = readFileSync(new URL("./endpoints.js", import.meta.url), "utf8");
const AsyncFunction = (async () => {}).constructor;
const rows = JSON.parse(readFileSync(target, "utf8")).map((row) => row.slice(0, -1));
const answers = await new AsyncFunction("AwsS3", "input", snippet)(AwsS3, rows);
writeFileSync(target, `[\n${answers.map((row) => `  ${JSON.stringify(row)}`).join(",\n")}\n]\n`);
