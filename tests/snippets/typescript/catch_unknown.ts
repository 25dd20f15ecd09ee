try { JSON.parse("{"); return "no"; }
catch (e: unknown) { return e instanceof SyntaxError ? e.name : "other"; }
