//! Source text → bytecode, in an engine of its own that is gone afterwards.
//!
//! Nothing is evaluated here: what the text does when it is loaded happens in an
//! image, behind the guard.

use std::{
    ffi::{CStr, c_int},
    slice,
};

use rquickjs::qjs;

/// How a text is to be read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Form {
    /// It sets its globals itself.
    Script,
    /// Its exports become the global, unless it sets that itself.
    Module,
}

/// The text is not JavaScript.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct CompileError {
    pub(crate) message: String,
    /// The engine's, which says where.
    pub(crate) stack: String,
}

/// `file` is what stacks say. The source is left out of the bytecode: nobody reads
/// a library's `toString`, and it would stay in every image.
pub(crate) fn compile(file: &CStr, source: &str, form: Form) -> Result<Vec<u8>, CompileError> {
    let kind = match form {
        Form::Script => qjs::JS_EVAL_TYPE_GLOBAL,
        Form::Module => qjs::JS_EVAL_TYPE_MODULE,
    };
    let flags = (kind | qjs::JS_EVAL_FLAG_COMPILE_ONLY) as c_int;
    // The engine's parser looks at the byte behind the text.
    let mut text = source.as_bytes().to_vec();
    text.push(0);
    // SAFETY: the engine's functions are called as quickjs.h says, on one thread; every
    // value is freed before its context, and no callback of ours is set. The parser stops
    // at the NUL behind the text, also where that breaks off. Test:
    // door::tests::a_bundle_is_a_script_or_a_module.
    unsafe {
        let rt = qjs::JS_NewRuntime();
        let ctx = qjs::JS_NewContext(rt);
        let compiled = qjs::JS_Eval(
            ctx,
            text.as_ptr().cast(),
            source.len() as qjs::size_t,
            file.as_ptr(),
            flags,
        );
        let res = if qjs::JS_IsException(compiled) {
            let reason = qjs::JS_GetException(ctx);
            let message = copy(ctx, reason);
            let stack = qjs::JS_GetPropertyStr(ctx, reason, c"stack".as_ptr());
            let res = CompileError { message, stack: copy(ctx, stack) };
            qjs::JS_FreeValue(ctx, stack);
            qjs::JS_FreeValue(ctx, reason);
            Err(res)
        } else {
            let mut len = 0;
            let flags = (qjs::JS_WRITE_OBJ_BYTECODE | qjs::JS_WRITE_OBJ_STRIP_SOURCE) as c_int;
            let written = qjs::JS_WriteObject(ctx, &raw mut len, compiled, flags);
            qjs::JS_FreeValue(ctx, compiled);
            if written.is_null() {
                let message = "the engine cannot write it as bytecode".to_owned();
                Err(CompileError { message, stack: String::new() })
            } else {
                let bytes = slice::from_raw_parts(written, len as usize).to_vec();
                qjs::js_free(ctx, written.cast());
                Ok(bytes)
            }
        };
        qjs::JS_FreeContext(ctx);
        qjs::JS_FreeRuntime(rt);
        res
    }
}

/// # Safety
///
/// `value` is a live value of `ctx`.
unsafe fn copy(ctx: *mut qjs::JSContext, value: qjs::JSValue) -> String {
    // SAFETY: passed on to the caller; the text is copied before it is freed. Test:
    // door::tests::a_bundle_is_a_script_or_a_module.
    unsafe {
        let mut len = 0;
        let at = qjs::JS_ToCStringLen2(ctx, &raw mut len, value, false);
        if at.is_null() {
            return String::new();
        }
        let bytes = slice::from_raw_parts(at.cast::<u8>(), len as usize);
        let res = String::from_utf8_lossy(bytes).into_owned();
        qjs::JS_FreeCString(ctx, at);
        res
    }
}
