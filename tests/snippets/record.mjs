// Records what Node answers to the snippets below this folder, for the tests
// that compare ours with it: `node tests/snippets/record.mjs [--check] [name …]`.
// Needs Node 20 and `npm ci` in vendor-js; the tests themselves need neither.
//
// platform/NAME.ts holds many snippets, each below a line `//# title`; what
// they gave goes to platform/NAME.json, one object a line.
//
// spec/NAME.json is written by hand: rows `[code, expected]`, where `code` is
// an expression, and `expected` what the specification (or a published vector)
// says of it. Here they are only compared with Node, and the differences shown.
import { Console } from "node:console";
import { readFile, readdir, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { Writable } from "node:stream";
import { inspect, isDeepStrictEqual } from "node:util";

process.env.TZ = "UTC";
const here = new URL("./", import.meta.url);
const { transformSync } = createRequire(new URL("../../vendor-js/", here))("esbuild");
const only = process.argv.slice(2).filter((arg) => !arg.startsWith("--"));
const isCheck = process.argv.includes("--check");
process.on("unhandledRejection", () => {});
// Some of Node's timers do not keep it alive.
const alive = setInterval(() => {}, 1000);

for (const file of await filesOf("platform", ".ts")) {
  const rows = [];
  for (const { title, code } of snippetsOf(await readFile(new URL(`platform/${file}.ts`, here), "utf8"))) {
    rows.push(JSON.stringify({ title, ...(await answer(code)) }));
  }
  const target = new URL(`platform/${file}.json`, here);
  const text = `[\n${rows.map((row) => `  ${row}`).join(",\n")}\n]\n`;
  if (!isCheck) await writeFile(target, text);
  else if ((await readFile(target, "utf8")) !== text) fail(`platform/${file}.json is not what this Node answers`);
  console.log(`platform/${file}: ${rows.length} snippets`);
}

for (const file of await filesOf("spec", ".json")) {
  const rows = JSON.parse(await readFile(new URL(`spec/${file}.json`, here), "utf8"));
  let differences = 0;
  for (const [code, expected] of rows) {
    const { result, error } = await answer(`return (${code}\n)`);
    const got = error ?? result;
    if (isDeepStrictEqual(got, expected)) continue;
    differences++;
    console.log(`  Node differs: ${code}\n    specified ${inspect(expected)}\n    Node      ${inspect(got)}`);
  }
  console.log(`spec/${file}: ${rows.length} rows, ${differences} of them not so in Node`);
}

clearInterval(alive);

async function filesOf(folder, ending) {
  const names = (await readdir(new URL(`${folder}/`, here))).filter((name) => name.endsWith(ending)).sort();
  return names.map((name) => name.slice(0, -ending.length)).filter((name) => only.length === 0 || only.includes(name));
}

function snippetsOf(text) {
  return text
    .split(/^\/\/# /m)
    .slice(1)
    .map((part) => {
      const [title, ...lines] = part.split("\n");
      return { title, code: lines.join("\n").trim() };
    });
}

// `{ result, logs?, error? }` as the kernel's answer has them.
async function answer(code) {
  const logs = [];
  const stream = new Writable({
    decodeStrings: false,
    write(chunk, encoding, done) {
      logs.push(chunk.slice(0, -1));
      done();
    },
  });
  const outcome = {};
  try {
    const source = `"use strict";\nasync function main(input, console, process) {\n${code}\n}`;
    const { code: program } = transformSync(source, { loader: "ts", target: "es2022", tsconfigRaw: { compilerOptions: { experimentalDecorators: true, useDefineForClassFields: true } } });
    const main = (0, eval)(`${program}\nmain`);
    // From a callback, as the top level of a script runs: within a job, Node's ticks
    // would come after all jobs.
    const value = await new Promise((resolve) => {
      setImmediate(() => resolve(main({}, new Console({ stdout: stream, stderr: stream }), process)));
    });
    outcome.result = JSON.parse(JSON.stringify(value === undefined ? null : value));
  } catch (error) {
    outcome.error = error instanceof Error || error instanceof DOMException ? `${error.name}: ${error.message}` : String(error);
  }
  return logs.length > 0 ? { ...outcome, logs } : outcome;
}

function fail(message) {
  console.error(message);
  process.exitCode = 1;
}
