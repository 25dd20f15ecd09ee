// The global MyLib: the team's own library.
import * as lib from "../my-lib/index.js";

const MyLib = { ...lib };
Object.defineProperty(MyLib, Symbol.toStringTag, { value: "Module" });
Object.defineProperty(globalThis, "MyLib", { value: MyLib, writable: true, configurable: true });
