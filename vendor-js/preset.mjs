// Builds a preset from npm packages: `node build.mjs` in its folder, after
// `npm install`. `llm-kernel preset init` writes this file there; package.json
// says which global each package becomes, and pins its version.
//
// Each package becomes a script that sets its global, and a table of what its
// declarations offer. preset.toml is written when it is missing; it is yours.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import ts from "typescript";
import { apiTable } from "./api.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const { name, version, globals } = JSON.parse(readFileSync(join(here, "package.json"), "utf8"));

const entries = [];
for (const [global, path] of Object.entries(globals)) {
  const file = `${path.replace(/^@/, "").replaceAll("/", "-")}.js`;
  const text = await bundleOf(global, path);
  writeFileSync(join(here, file), text);
  const table = tableOf(path);
  const api = table === null ? null : `api-${file.replace(/\.js$/, ".txt")}`;
  if (api !== null) writeFileSync(join(here, api), table);
  entries.push({ global, path, file, api });
  console.log(`${global}: ${path}, ${text.length} bytes${api === null ? ", without declarations" : ""}`);
}
if (!existsSync(join(here, "preset.toml"))) {
  writeFileSync(join(here, "preset.toml"), manifestOf(entries));
}

async function bundleOf(global, path) {
  // What a package exports as a whole, whichever way it is written: CommonJS gives
  // its exports as the default, beside a copy of each.
  const entry = `
    import * as all from ${JSON.stringify(path)};
    const { default: main, ...named } = all;
    const isWhole = main !== undefined && main !== null && Object.keys(named).every((key) => main[key] === named[key]);
    const value = isWhole ? main : named;
    Object.defineProperty(globalThis, ${JSON.stringify(global)}, { value, writable: true, configurable: true });
  `;
  const result = await build({
    absWorkingDir: here,
    stdin: { contents: entry, resolveDir: here, sourcefile: "entry.js" },
    bundle: true,
    write: false,
    format: "iife",
    platform: "browser",
    mainFields: ["browser", "module", "main"],
    conditions: ["browser", "module", "import"],
    define: { "process.env.NODE_ENV": '"production"' },
    target: "es2023",
    charset: "utf8",
    legalComments: "inline",
    minify: true,
    keepNames: true,
    logLevel: "warning",
  });
  return `"use strict";${result.outputFiles[0].text}`;
}

// null when nobody has declared it.
function tableOf(path) {
  const entry = join(here, "declarations.d.ts");
  writeFileSync(entry, `import * as all from ${JSON.stringify(path)};\nexport = all;\n`);
  if (!isDeclared(path)) {
    const types = `@types/${path.replace(/^@/, "").replace("/", "__")}`;
    try {
      const command = ["install", "--save-dev", "--save-exact", "--ignore-scripts", "--no-audit", "--no-fund", types];
      execFileSync("npm", command, { cwd: here, stdio: ["ignore", "ignore", "ignore"] });
    } catch {
      return null;
    }
    if (!isDeclared(path)) return null;
  }
  try {
    return apiTable(ts, { entry });
  } finally {
    rmSync(entry);
  }
}

function isDeclared(path) {
  const options = { module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler };
  const { resolvedModule } = ts.resolveModuleName(path, join(here, "entry.ts"), options, ts.sys);
  return resolvedModule !== undefined && /\.d\.[cm]?ts$/.test(resolvedModule.resolvedFileName);
}

function manifestOf(entries) {
  const quoted = JSON.stringify;
  const describe = (path) => {
    const { description = "" } = JSON.parse(readFileSync(join(here, "node_modules", path, "package.json"), "utf8"));
    const line = description.replace(/\s+/g, " ").trim().replace(/\.$/, "").slice(0, 150);
    return line === "" ? `the npm package ${path}` : `${path}: ${line}`;
  };
  const list = entries.map(({ global, path, file, api }) =>
    [
      "",
      "[[global]]",
      `name = ${quoted(global)}`,
      `bundle = ${quoted(file)}`,
      ...(api === null ? [] : [`api = ${quoted(api)}`]),
      `package = ${quoted(path)}`,
      `about = ${quoted(describe(path))}`,
    ].join("\n"),
  );
  return [
    `name = ${quoted(name)}`,
    `version = ${quoted(version)}`,
    "# Libraries that ship with the kernel, before these.",
    'keep = ["AwsS3"]',
    ...list,
    "",
  ].join("\n");
}
