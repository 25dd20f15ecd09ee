// Builds ../bundles from the entries: `node build.mjs`, or `--check` to compare
// with what is committed. A shim or hook that matches nothing, or more than it
// should, fails the build: an update must not lose one silently.
import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, "..", "bundles");

const BUNDLES = [
  { name: "prelude", entry: "prelude/index.js", hooks: ["inspect-promise", "inspect-proxy"] },
];

// Exact edits of package code. `file` is matched against the end of the path.
const HOOKS = {
  "inspect-promise": {
    file: "node-inspect-extracted/dist/inspect.js",
    from: "getPromiseDetails:()=>[g,void 0]",
    to: 'getPromiseDetails:t=>require("HERE/prelude/peek.js").promiseDetails(t,g,h)',
  },
  "inspect-proxy": {
    file: "node-inspect-extracted/dist/inspect.js",
    from: "getProxyDetails:y.getProxyDetails",
    to: 'getProxyDetails:(t,e)=>require("HERE/prelude/peek.js").proxyDetails(t,e)',
  },
};

const manifest = { bundles: {}, packages: {} };
const notices = new Map();
const files = {};
for (const bundle of BUNDLES) {
  const text = await bundleOf(bundle);
  files[`${bundle.name}.js`] = text;
  manifest.bundles[bundle.name] = { bytes: Buffer.byteLength(text), sha256: createHash("sha256").update(text).digest("hex") };
}
manifest.packages = Object.fromEntries([...notices.keys()].sort().map((name) => [name, notices.get(name).version]));
files["manifest.json"] = `${JSON.stringify(manifest, null, 2)}\n`;
files.NOTICES = [...notices.keys()].sort().map((name) => noticeOf(name, notices.get(name))).join("\n");

if (process.argv.includes("--check")) {
  for (const [name, text] of Object.entries(files)) {
    if ((await readFile(join(out, name), "utf8").catch(() => "")) !== text) {
      console.error(`bundles/${name} is not what vendor-js builds: run node build.mjs`);
      process.exitCode = 1;
    }
  }
} else {
  await mkdir(out, { recursive: true });
  for (const [name, text] of Object.entries(files)) await writeFile(join(out, name), text);
  for (const [name, { bytes }] of Object.entries(manifest.bundles)) console.log(`${name}.js ${bytes} bytes`);
}

async function bundleOf({ name, entry, hooks = [], shims = [] }) {
  const used = new Set();
  const result = await build({
    absWorkingDir: here,
    entryPoints: [entry],
    bundle: true,
    write: false,
    metafile: true,
    format: "iife",
    platform: "browser",
    mainFields: ["browser", "module", "main"],
    conditions: ["browser", "module", "import"],
    target: "es2023",
    charset: "utf8",
    legalComments: "none",
    // Names stay: they are what stacks and error classes show.
    minifyWhitespace: true,
    minifySyntax: true,
    plugins: [replacements(hooks, shims, used)],
    logLevel: "warning",
  });
  for (const wanted of [...hooks, ...shims.map((shim) => shim.name)]) {
    if (!used.has(wanted)) throw new Error(`${name}: ${wanted} matched nothing`);
  }
  for (const input of Object.keys(result.metafile.outputs[Object.keys(result.metafile.outputs)[0]].inputs)) {
    await note(input);
  }
  return `"use strict";${result.outputFiles[0].text}`;
}

function replacements(hooks, shims, used) {
  return {
    name: "replacements",
    setup(builder) {
      for (const file of new Set(hooks.map((name) => HOOKS[name].file))) {
        const names = hooks.filter((name) => HOOKS[name].file === file);
        const filter = new RegExp(`${file.replaceAll(/[.*+?^${}()|[\]\\/]/g, (char) => (char === "/" ? "[\\\\/]" : `\\${char}`))}$`);
        builder.onLoad({ filter }, async ({ path }) => {
          let contents = await readFile(path, "utf8");
          for (const name of names) {
            const { from, to } = HOOKS[name];
            if (contents.split(from).length !== 2) throw new Error(`${name}: ${file} has not exactly one "${from}"`);
            contents = contents.replace(from, () => to.replaceAll("HERE", here.replaceAll(sep, "/")));
            used.add(name);
          }
          return { contents, loader: "js", resolveDir: dirname(path) };
        });
      }
    },
  };
}

// Remembers the package that a bundled file belongs to, and its licence.
async function note(input) {
  const at = input.lastIndexOf("node_modules/");
  if (at < 0) return;
  const [scopeOrName, rest] = input.slice(at + "node_modules/".length).split("/");
  const name = scopeOrName.startsWith("@") ? `${scopeOrName}/${rest}` : scopeOrName;
  if (notices.has(name)) return;
  const folder = join(here, input.slice(0, at), "node_modules", name);
  const { version, license } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  let text = null;
  for (const file of ["LICENSE", "LICENSE.md", "LICENSE.txt", "license", "LICENCE"]) {
    text ??= await readFile(join(folder, file), "utf8").catch(() => null);
  }
  notices.set(name, { version, license, text });
}

function noticeOf(name, { version, license, text }) {
  return `${"=".repeat(72)}\n${name} ${version} (${license})\n${"=".repeat(72)}\n${text?.trim() ?? "The package carries no licence text of its own."}\n`;
}
