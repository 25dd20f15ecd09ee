// The seed's shape: one Node process, TypeScript transpiled by `typescript`, the
// AWS SDK warm, JSON Lines over a Unix socket. It is the peer that
// benches/compare.rs measures against, so it does what a careful author would:
// nothing is loaded per request.
//
//   node node-kernel.mjs SOCKET shared    snippets share the process's realm
//   node node-kernel.mjs SOCKET fresh     each gets a `vm` context of its own
//
// It has no deadline: a loop in a snippet stops it for good. That is measured,
// not mended.
import * as AwsS3 from "@aws-sdk/client-s3";
import net from "node:net";
import vm from "node:vm";
import ts from "typescript";

const [socket, realm] = process.argv.slice(2);
const options = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.None };
const MyLib = { slug: (text) => text.toLowerCase().replace(/[^a-z0-9]+/g, "-") };
const web = {
  AwsS3, MyLib, console, URL, URLSearchParams, TextEncoder, TextDecoder, AbortController, crypto,
  structuredClone, setTimeout, clearTimeout, queueMicrotask, performance,
};

async function run({ code, input }) {
  const source = `async function main(input) {\n${code}\n}`;
  const { outputText } = ts.transpileModule(source, { compilerOptions: options });
  if (realm === "fresh") {
    const context = vm.createContext({ ...web });
    return vm.runInContext(`${outputText}; main`, context)(input);
  }
  return new Function("AwsS3", "MyLib", `${outputText}; return main`)(AwsS3, MyLib)(input);
}

net.createServer((peer) => {
  let rest = "";
  peer.setEncoding("utf8");
  peer.on("data", async (chunk) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop();
    for (const line of lines) {
      const { id, ...request } = JSON.parse(line);
      let answer;
      try {
        answer = { id, ok: true, result: (await run({ input: {}, ...request })) ?? null };
      } catch (error) {
        answer = { id, ok: false, error: { message: String(error), stack: error?.stack } };
      }
      peer.write(`${JSON.stringify(answer)}\n`);
    }
  });
  peer.on("error", () => peer.destroy());
}).listen(socket, () => process.stderr.write("listening\n"));
