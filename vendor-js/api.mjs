// Compiles the declarations of a library into the table of what a snippet may
// use: one declaration or member per line, as pruned TypeScript with the first
// sentence of its documentation. Deterministic; the caller brings `typescript`.
//
//   class S3Client(config?: S3ClientConfig) // …
//    destroy(): void
//   command PutObjectCommand(input: PutObjectCommandInput): PutObjectCommandOutput // …
//   function getSignedUrl(client: Client, …): Promise<string> // …
//   enum StorageClass "GLACIER" | "STANDARD"
//   interface PutObjectCommandInput
//    Bucket: string // …
//
// What the checker does not need to see is left out or becomes a name that is
// declared nowhere, which readers of the table take for "anything".

const LONGEST_DOC = 90;
const LONGEST_TYPE = 240;

// Types of other packages whose name would tell nobody anything.
const WELL_KNOWN = {
  StreamingBlobPayloadInputTypes: "string | Uint8Array | Blob | ReadableStream",
  StreamingBlobPayloadOutputTypes: "BodyStream",
  SdkStream: "BodyStream",
  ResponseMetadata: "ResponseMetadata",
  HttpHandlerOptions: "RequestOptions",
  S3ClientResolvedConfig: "any",
  EventStreamSerdeProvider: "any",
  $UnknownMember: "undefined",
};

// Declared by hand: the SDK says them with conditional types.
const EXTRA = {
  BodyStream: [
    "interface BodyStream // A web ReadableStream with readers; it can be read once.",
    ' transformToString(encoding?: "utf-8" | "base64" | "hex"): Promise<string>',
    " transformToByteArray(): Promise<Uint8Array>",
    " transformToWebStream(): ReadableStream",
    " getReader(): ReadableStreamDefaultReader",
    " cancel(reason?: any): Promise<void>",
    " tee(): ReadableStream[]",
    " pipeThrough(transform: any): ReadableStream",
    " pipeTo(target: WritableStream): Promise<void>",
    " locked: boolean",
  ],
  ResponseMetadata: [
    "interface ResponseMetadata",
    " httpStatusCode?: number",
    " requestId?: string",
    " extendedRequestId?: string",
    " cfId?: string",
    " attempts?: number",
    " totalRetryDelay?: number",
  ],
  RequestOptions: ["interface RequestOptions", " abortSignal?: AbortSignal", " requestTimeout?: number"],
};

const USED_MOST = [
  "region", "endpoint", "forcePathStyle", "credentials", "maxAttempts", "Body", "ContentType", "Metadata", "Prefix",
  "ContinuationToken", "MaxKeys", "Delimiter", "Contents", "IsTruncated", "NextContinuationToken", "Range", "VersionId",
  "ETag", "ContentLength", "LastModified", "ACL", "StorageClass",
];

const SEND = " send(command: Command, options?: RequestOptions): Promise<Output>";

// `entry` is a .d.ts; `only` names the globals to take from it when it is not a
// module but declares them (lib.dom.d.ts).
export function apiTable(ts, { entry, only, options = {} }) {
  const program = ts.createProgram([entry].flat(), {
    target: ts.ScriptTarget.ESNext,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    strict: true,
    skipLibCheck: true,
    types: [],
    ...options,
  });
  const checker = program.getTypeChecker();
  const exported = only === undefined ? exportsOf() : globalsOf(only);
  const lines = new Map(); // name → lines of its declaration
  const queue = [];
  const named = new Map(); // symbol → name in the table
  const expanding = new Set(); // aliases that are being written out

  for (const symbol of exported) {
    if (!/^(__|[$])|[$]$/.test(symbol.name) && WELL_KNOWN[symbol.name] === undefined) named.set(resolve(symbol), symbol.name);
  }
  for (const [symbol, name] of named) {
    if (isValue(symbol) && !isInternal(symbol)) declareValue(name, symbol);
  }
  while (queue.length > 0) {
    const { name, symbol } = queue.shift();
    if (!lines.has(name)) declareType(name, symbol);
  }
  return [...lines.keys()].sort(byCodeUnits).map((name) => lines.get(name).join("\n")).join("\n") + "\n";

  function exportsOf() {
    const source = program.getSourceFile([entry].flat()[0]);
    const symbol = checker.getSymbolAtLocation(source);
    if (symbol === undefined) throw new Error(`${entry} is not a module`);
    // Those of what `export =` gives, too.
    return checker.getExportsAndPropertiesOfModule(symbol);
  }

  function globalsOf(names) {
    const source = program.getSourceFiles().at(-1);
    const inScope = checker.getSymbolsInScope(source, ts.SymbolFlags.Value | ts.SymbolFlags.Type);
    const byName = new Map(inScope.map((symbol) => [symbol.name, symbol]));
    return names.map((name) => {
      if (!byName.has(name)) throw new Error(`no declaration of ${name}`);
      return byName.get(name);
    });
  }

  function resolve(symbol) {
    return symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  }

  function isValue(symbol) {
    return (symbol.flags & ts.SymbolFlags.Value) !== 0;
  }

  function isInternal(symbol) {
    return symbol.getJsDocTags(checker).some((tag) => tag.name === "internal");
  }

  function declareValue(name, symbol) {
    if (lines.has(name)) return;
    lines.set(name, []); // It may name itself.
    const declaration = symbol.valueDeclaration ?? symbol.declarations[0];
    const type = checker.getTypeOfSymbolAtLocation(symbol, declaration);
    const doc = docOf(symbol);
    const values = enumValues(type);
    if (symbol.flags & ts.SymbolFlags.Variable && symbol.flags & ts.SymbolFlags.TypeAlias && values.length > 0) {
      lines.set(name, [`enum ${name} ${values.map((it) => JSON.stringify(it)).join(" | ")}`]);
      return;
    }
    const construct = type.getConstructSignatures()[0];
    if (construct !== undefined) {
      declareClass(name, type, construct, doc);
      return;
    }
    const call = type.getCallSignatures()[0];
    if (call !== undefined) {
      lines.set(name, [`function ${name}${signature(call)}${doc}`]);
      return;
    }
    const shape = type.getProperties();
    if (shape.length > 0 && shape.length <= 60 && type.flags & ts.TypeFlags.Object) {
      lines.set(name, [`object ${name}${doc}`, ...members(shape)]);
      return;
    }
    lines.set(name, [`const ${name}: ${renderType(type, declaration)}${doc}`]);
  }

  function enumValues(type) {
    const properties = type.getProperties();
    const values = properties.map((it) => checker.getTypeOfSymbol(it));
    return values.every((it) => it.isStringLiteral()) ? values.map((it) => it.value) : [];
  }

  function declareClass(name, type, construct, doc) {
    const instance = construct.getReturnType();
    const [input, output] = [`${name}Input`, `${name}Output`].map((it) => exported.find(({ name }) => name === it));
    if (name.endsWith("Command") && input !== undefined && output !== undefined) {
      lines.set(name, [`command ${name}(input: ${name}Input): ${name}Output${doc}`]);
      for (const it of [input, output]) queue.push({ name: it.name, symbol: resolve(it) });
      return;
    }
    const isError = instance.getProperty("stack") !== undefined && instance.getProperty("message") !== undefined;
    if (isError) {
      lines.set(name, [`error ${name}${doc}`]);
      return;
    }
    const body = members(instance.getProperties());
    const statics = type
      .getProperties()
      .filter((it) => it.name !== "prototype")
      .flatMap((it) => members([it]).map((line) => ` static${line}`));
    const isSend = (line) => /^ send[<(]/.test(line);
    const sends = body.some(isSend);
    lines.set(name, [
      `class ${name}${parameters(construct)}${doc}`,
      ...(sends ? [SEND] : []),
      ...body.filter((line) => !isSend(line)),
      ...statics,
    ]);
  }

  function declareType(name, symbol) {
    const type = checker.getDeclaredTypeOfSymbol(symbol);
    const doc = docOf(symbol);
    if (EXTRA[name] !== undefined) {
      lines.set(name, EXTRA[name]);
      return;
    }
    if (type.isUnion()) {
      const node = symbol.declarations.find(ts.isTypeAliasDeclaration)?.type;
      lines.set(name, [`type ${name} = ${node === undefined ? "any" : renderNode(node)}${doc}`]);
      return;
    }
    // No list of members says what these are.
    const isCallable = type.getCallSignatures().length + type.getConstructSignatures().length > 0;
    if (isCallable || checker.isArrayType(type) || checker.isTupleType(type) || checker.getIndexInfosOfType(type).length > 0) {
      const node = symbol.declarations?.find(ts.isTypeAliasDeclaration)?.type;
      lines.set(name, [`type ${name} = ${node === undefined ? "any" : renderNode(node)}${doc}`]);
      return;
    }
    const properties = type.getProperties();
    lines.set(name, [`interface ${name}${doc}`, ...members(properties)]);
  }

  function members(properties) {
    const res = [];
    const isOptional = (it) => it.flags & ts.SymbolFlags.Optional;
    // Required ones first, then what is used most: that is what a reader looks for.
    const rank = (it) => (!isOptional(it) ? -1 : (USED_MOST.indexOf(it.name) + 1 || USED_MOST.length + 1));
    for (const property of [...properties].sort((a, b) => rank(a) - rank(b))) {
      if (only !== undefined && /^on[a-z]+$|Event(Listener)?$/.test(property.name)) continue;
      if (property.name.startsWith("__") || property.name.startsWith("#") || isInternal(property)) continue;
      const declaration = property.valueDeclaration ?? property.declarations?.[0];
      if (declaration === undefined) continue;
      if (ts.getCombinedModifierFlags(declaration) & (ts.ModifierFlags.Private | ts.ModifierFlags.Protected)) continue;
      const optional = isOptional(property) ? "?" : "";
      const doc = docOf(property);
      const type = checker.getTypeOfSymbolAtLocation(property, declaration);
      const calls = withoutCallbacks(checker.getNonNullableType(type).getCallSignatures());
      const call = calls.at(-1);
      if (call !== undefined && (ts.isMethodSignature(declaration) || ts.isMethodDeclaration(declaration))) {
        const nRequired = calls[0].getParameters().length;
        res.push(` ${property.name}${optional}${signature(call, nRequired)}${doc}`);
      } else {
        const node = declaration.type;
        const isGeneric = property.links?.mapper !== undefined || /\bT\b/.test(node?.getText() ?? "");
        const text = node === undefined || isGeneric ? renderType(type, declaration) : renderNode(node);
        if (/^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(property.name)) {
          res.push(` ${property.name}${optional}: ${text}${doc}`);
        }
      }
    }
    return res;
  }

  // Where some overloads take a callback, those that do not, shortest first;
  // otherwise the first.
  function withoutCallbacks(calls) {
    const isCallback = (it) => it.valueDeclaration?.type !== undefined && ts.isFunctionTypeNode(it.valueDeclaration.type);
    const plain = calls.filter((it) => !it.getParameters().some(isCallback));
    if (only !== undefined || plain.length === 0 || plain.length === calls.length) return calls.slice(0, 1);
    return plain.sort((a, b) => a.getParameters().length - b.getParameters().length);
  }

  function signature(call, nRequired = Infinity) {
    const declaration = call.getDeclaration();
    const returns =
      declaration?.type === undefined ? renderType(call.getReturnType(), declaration) : renderNode(declaration.type, true);
    const text = `${parameters(call, nRequired)}: ${returns}`;
    const generic = (declaration?.typeParameters ?? [])
      .map((it) => it.name.text)
      .filter((name) => new RegExp(`\\b${name}\\b`).test(text));
    return generic.length > 0 ? `<${generic.join(", ")}>${text}` : text;
  }

  function parameters(call, nRequired = Infinity) {
    const list = call.getParameters().map((parameter, idx) => {
      const declaration = parameter.valueDeclaration;
      if (declaration === undefined || !ts.isParameter(declaration)) return `${parameter.name}: any`;
      const isRest = declaration.dotDotDotToken !== undefined;
      const isOptional = idx >= nRequired || declaration.questionToken !== undefined || declaration.initializer !== undefined;
      // `...[config]: OptionalParameter<Config>` is how the SDK spells a parameter.
      if (isRest && declaration.type !== undefined && ts.isTypeReferenceNode(declaration.type)) {
        const [inner] = declaration.type.typeArguments ?? [];
        return inner === undefined ? "...rest: any[]" : `config?: ${renderNode(inner)}`;
      }
      const type = declaration.type === undefined ? "any" : renderNode(declaration.type, true);
      // `__0` is the compiler's name for a parameter that is a pattern.
      const name = /^[A-Za-z_$][\w$]*$/.test(parameter.name) && !parameter.name.startsWith("__") ? parameter.name : "options";
      return `${isRest ? "..." : ""}${name}${isOptional ? "?" : ""}: ${type}`;
    });
    return `(${list.join(", ")})`;
  }

  function renderType(type, at) {
    const node = checker.typeToTypeNode(type, at, ts.NodeBuilderFlags.NoTruncation | ts.NodeBuilderFlags.InTypeAlias);
    if (node === undefined) return "any";
    const alias = type.aliasSymbol ?? type.symbol;
    if (alias !== undefined && named.has(alias) && alias.flags & ts.SymbolFlags.Type) return reference(alias, named.get(alias));
    const text = checker.typeToString(type, at, ts.TypeFormatFlags.NoTruncation).replace(/\s+/g, " ");
    const plain = text.replace(/ \| undefined/g, "");
    return plain.length <= LONGEST_TYPE && !/import\(|typeof |keyof |\binfer\b/.test(plain) ? plain : "any";
  }

  // `isDirect`: it is what a function takes or gives, so its members matter also
  // when it belongs to another package.
  function renderNode(node, isDirect = false) {
    const text = renderKind(node, isDirect);
    return text.length <= LONGEST_TYPE ? text : "any";
  }

  function renderKind(node, isDirect) {
    const { SyntaxKind: Kind } = ts;
    if (ts.isParenthesizedTypeNode(node)) return `(${renderNode(node.type)})`;
    if (ts.isUnionTypeNode(node)) {
      const parts = [...new Set(node.types.map((it) => renderNode(it, isDirect)))].filter((it) => it !== "undefined");
      if (parts.includes("any") || parts.includes("unknown")) return "any";
      return parts.join(" | ");
    }
    if (ts.isArrayTypeNode(node)) {
      const item = renderNode(node.elementType);
      return / [|] |=>/.test(item) && !item.startsWith("(") ? `(${item})[]` : `${item}[]`;
    }
    if (ts.isTypeOperatorNode(node)) return node.operator === Kind.ReadonlyKeyword ? renderNode(node.type) : "any";
    if (ts.isTupleTypeNode(node)) return `[${node.elements.map((it) => renderNode(it)).join(", ")}]`;
    if (ts.isLiteralTypeNode(node)) return node.literal.kind === Kind.NullKeyword ? "null" : node.getText();
    if (ts.isFunctionTypeNode(node)) {
      return `${parameters(checker.getSignatureFromDeclaration(node))} => ${renderNode(node.type)}`;
    }
    if (ts.isTypeLiteralNode(node)) {
      const fields = node.members.filter(ts.isPropertySignature).map((it) => {
        return `${it.name.getText()}${it.questionToken ? "?" : ""}: ${it.type === undefined ? "any" : renderNode(it.type)}`;
      });
      return fields.length === node.members.length ? `{ ${fields.join("; ")} }` : "any";
    }
    if (ts.isTypePredicateNode(node)) return "boolean";
    if (ts.isTypeReferenceNode(node) || ts.isExpressionWithTypeArguments(node)) return renderReference(node, isDirect);
    switch (node.kind) {
      case Kind.StringKeyword: return "string";
      case Kind.NumberKeyword: return "number";
      case Kind.BooleanKeyword: return "boolean";
      case Kind.BigIntKeyword: return "bigint";
      case Kind.VoidKeyword: return "void";
      case Kind.UndefinedKeyword: return "undefined";
      default: return "any";
    }
  }

  function renderReference(node, isDirect) {
    const name = node.typeName ?? node.expression;
    const symbol = checker.getSymbolAtLocation(name);
    if (symbol === undefined) return "any";
    const target = resolve(symbol);
    const args = node.typeArguments?.map((it) => renderNode(it, isDirect)) ?? [];
    const first = args[0] ?? "any";
    switch (target.name) {
      case "Array": case "ReadonlyArray": case "Set":
        if (target.name !== "Set") return / [|] |=>/.test(first) ? `(${first})[]` : `${first}[]`;
        return `Set<${first}>`;
      case "Promise": case "PromiseLike": return `Promise<${first}>`;
      case "Record": return `Record<${args.join(", ")}>`;
      case "Map": return `Map<${args.join(", ")}>`;
      case "Partial": case "Readonly": case "Required": return first;
      case "AsyncIterable": case "AsyncIterableIterator": case "AsyncGenerator": case "Paginator":
        return `AsyncIterable<${first}>`;
    }
    if (target.flags & ts.SymbolFlags.TypeParameter) return target.name;
    const known = WELL_KNOWN[target.name];
    if (known !== undefined) {
      if (EXTRA[known] !== undefined) queue.push({ name: known, symbol: target });
      return known;
    }
    if (named.has(target)) return reference(target, named.get(target));
    if (only !== undefined || isLib(target)) return target.name;
    // Not reachable by name from a snippet; what it is made of still matters.
    const alias = target.declarations?.find(ts.isTypeAliasDeclaration);
    if (alias !== undefined && (alias.typeParameters?.length ?? 0) === 0 && !expanding.has(alias)) {
      // It may be made of itself.
      expanding.add(alias);
      const inner = renderNode(alias.type);
      expanding.delete(alias);
      if (inner !== "any") return inner;
    }
    const isGeneric = target.declarations?.some((it) => it.typeParameters?.length > 0);
    if (target.flags & ts.SymbolFlags.Interface && !isGeneric && (isDirect || isOwn(target))) {
      return reference(target, target.name);
    }
    return target.name;
  }

  function reference(target, name) {
    const isEnum = target.flags & ts.SymbolFlags.Variable;
    if (only !== undefined) return name;
    if (isEnum && named.has(target)) declareValue(name, target);
    else if (!(target.flags & ts.SymbolFlags.Class)) queue.push({ name, symbol: target });
    return name;
  }

  // Declared where something that the library exports is declared.
  function isOwn(symbol) {
    const path = symbol.declarations?.[0]?.getSourceFile().fileName ?? "";
    return !/node_modules\/@(smithy|aws-sdk\/(core|types))\//.test(path);
  }

  function isLib(symbol) {
    return symbol.declarations?.some((it) => program.isSourceFileDefaultLibrary(it.getSourceFile())) ?? false;
  }

  function docOf(symbol) {
    // Everybody knows the platform.
    if (only !== undefined) return "";
    const html = ts.displayPartsToString(symbol.getDocumentationComment(checker));
    let text = html
      .replace(/<(note|important)>[\s\S]*?<\/\1>/g, " ")
      .replace(/<\/(p|li|h\d)>/g, ". ")
      .replace(/<[^>]+>/g, "")
      .replace(/\{@link +([^}| ]+)[^}]*\}/g, "$1")
      .replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&").replace(/&nbsp;/g, " ")
      .replace(/\[MDN Reference\]\([^)]*\)/g, "")
      .replace(/\s+/g, " ")
      .replace(/ ?\.( \.)+/g, ".")
      .replace(/ \/\/ /g, " ")
      .replace(/^[\s.]+/, "")
      .trim();
    text = text.match(/^.*?[.:](?= [A-Z(]|$)/)?.[0] ?? text;
    text = text.replace(/[.:]+$/, "");
    if (text.length > LONGEST_DOC) text = `${text.slice(0, text.lastIndexOf(" ", LONGEST_DOC))}…`;
    if (symbol.getJsDocTags(checker).some((tag) => tag.name === "deprecated")) {
      text = text === "" ? "deprecated" : `deprecated; ${text}`;
    }
    return text === "" ? "" : ` // ${text}`;
  }
}

const byCodeUnits = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
