// DOMException. The engine has one, but it is no Error: its `stack` is raw
// text made when it is constructed, and `inspect` shows it as an object.
import { ErrorCtor, defineGlobal, defineProperty } from "./primordials.js";

const CODES = {
  __proto__: null,
  IndexSizeError: 1, HierarchyRequestError: 3, WrongDocumentError: 4, InvalidCharacterError: 5,
  NoModificationAllowedError: 7, NotFoundError: 8, NotSupportedError: 9, InUseAttributeError: 10,
  InvalidStateError: 11, SyntaxError: 12, InvalidModificationError: 13, NamespaceError: 14,
  InvalidAccessError: 15, TypeMismatchError: 17, SecurityError: 18, NetworkError: 19, AbortError: 20,
  URLMismatchError: 21, QuotaExceededError: 22, TimeoutError: 23, InvalidNodeTypeError: 24, DataCloneError: 25,
  EncodingError: 0, NotReadableError: 0, UnknownError: 0, ConstraintError: 0, DataError: 0,
  TransactionInactiveError: 0, ReadOnlyError: 0, VersionError: 0, OperationError: 0, NotAllowedError: 0,
};

export const hasCode = (name) => name in CODES && name !== "SyntaxError";

export class DOMException extends ErrorCtor {
  #name;
  constructor(message = "", options = "Error") {
    const hasBag = typeof options === "object" && options !== null;
    super(`${message}`, hasBag && "cause" in options ? { cause: options.cause } : undefined);
    this.#name = `${hasBag ? (options.name ?? "Error") : options}`;
  }
  get name() { return #name in this ? this.#name : "DOMException"; }
  get code() { return CODES[this.name] ?? 0; }
  get [Symbol.toStringTag]() { return "DOMException"; }
}

const CONSTANTS = {
  INDEX_SIZE_ERR: 1, DOMSTRING_SIZE_ERR: 2, HIERARCHY_REQUEST_ERR: 3, WRONG_DOCUMENT_ERR: 4,
  INVALID_CHARACTER_ERR: 5, NO_DATA_ALLOWED_ERR: 6, NO_MODIFICATION_ALLOWED_ERR: 7, NOT_FOUND_ERR: 8,
  NOT_SUPPORTED_ERR: 9, INUSE_ATTRIBUTE_ERR: 10, INVALID_STATE_ERR: 11, SYNTAX_ERR: 12,
  INVALID_MODIFICATION_ERR: 13, NAMESPACE_ERR: 14, INVALID_ACCESS_ERR: 15, VALIDATION_ERR: 16,
  TYPE_MISMATCH_ERR: 17, SECURITY_ERR: 18, NETWORK_ERR: 19, ABORT_ERR: 20, URL_MISMATCH_ERR: 21,
  QUOTA_EXCEEDED_ERR: 22, TIMEOUT_ERR: 23, INVALID_NODE_TYPE_ERR: 24, DATA_CLONE_ERR: 25,
};
for (const [name, value] of Object.entries(CONSTANTS)) {
  const constant = { value, enumerable: true };
  defineProperty(DOMException, name, constant);
  defineProperty(DOMException.prototype, name, constant);
}
defineGlobal("DOMException", DOMException);
