class HttpError extends Error { constructor(message: string, public readonly status: number, options?: ErrorOptions) { super(message, options); this.name = "HttpError"; } }
try { throw new HttpError("gone", 410, { cause: new Error("why") }); }
catch (e) { const h = e as HttpError; return [h.name, h.message, h.status, (h.cause as Error).message]; }
