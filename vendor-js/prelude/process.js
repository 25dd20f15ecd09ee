// `process`, as far as snippets written for Node reach for it. It tells nothing
// of the host: there is no environment, and what would name the machine is a
// constant. Its events never come, since no process ends during a run.
import * as op from "./ops.js";
import { ErrorCtor, RangeErrorCtor, defineGlobal, floor, isArray } from "./primordials.js";
import { door } from "./door.js";
import { typeMismatch } from "./node-errors.js";
import { addTick } from "./timers.js";

const { log, error } = console;
const VERSION = "20.0.0";

// One write is one line of the answer's logs.
const output = (print) => ({
  isTTY: false,
  write(chunk, encoding, done) {
    const text = typeof chunk === "string" ? chunk : Buffer.from(chunk).toString();
    print("%s", text.endsWith("\n") ? text.slice(0, -1) : text);
    const callback = typeof encoding === "function" ? encoding : done;
    if (typeof callback === "function") addTick([callback]);
    return true;
  },
});

function nextTick(...call) {
  if (typeof call[0] !== "function") throw typeMismatch("callback", "of type function", call[0]);
  addTick(call);
}

function hrtime(since) {
  const ms = door(op.ELAPSED);
  let seconds = floor(ms / 1000);
  let nanoseconds = floor(ms % 1000 * 10) * 1e5;
  if (since === undefined) return [seconds, nanoseconds];
  if (!isArray(since)) throw typeMismatch("time", "an instance of Array", since);
  if (since.length !== 2) throw new RangeErrorCtor(`process.hrtime takes the two numbers that it gave before, not ${since.length}`);
  seconds -= since[0];
  nanoseconds -= since[1];
  return nanoseconds < 0 ? [seconds - 1, nanoseconds + 1e9] : [seconds, nanoseconds];
}
hrtime.bigint = function bigint() {
  return BigInt(floor(door(op.ELAPSED) * 10)) * 100_000n;
};

const refusal = (name, advice) => {
  const { [name]: refuse } = {
    [name]() {
      throw new ErrorCtor(`process.${name}() is not available in a snippet: ${advice}`);
    },
  };
  return refuse;
};

const process = {
  title: "llm-kernel",
  version: `v${VERSION}`,
  versions: { node: VERSION },
  release: { name: "node" },
  platform: "linux",
  arch: "x64",
  pid: 1,
  ppid: 0,
  env: {},
  argv: ["node", "snippet.ts"],
  argv0: "node",
  execArgv: [],
  execPath: "node",
  exitCode: undefined,
  stdout: output(log),
  stderr: output(error),
  nextTick,
  hrtime,
  cwd() {
    return "/";
  },
  uptime() {
    return door(op.ELAPSED) / 1000;
  },
  emitWarning(warning) {
    console.warn(`(node) ${typeof warning === "string" ? `Warning: ${warning}` : warning}`);
  },
  exit: refusal("exit", "use return to end with a result, or throw an Error to fail"),
  abort: refusal("abort", "throw an Error to fail"),
  kill: refusal("kill", "there are no processes here"),
  chdir: refusal("chdir", "there are no files here"),
  cpuUsage: refusal("cpuUsage", "the answer says what the run used, as usage.cpuMs"),
  memoryUsage: refusal("memoryUsage", "the answer says what the run used, as usage.heapBytes"),
};
for (const name of ["on", "once", "off", "addListener", "removeListener", "removeAllListeners"]) {
  process[name] = { [name]: () => process }[name];
}
Object.defineProperty(process, Symbol.toStringTag, { value: "process", configurable: true });
defineGlobal("process", process);
