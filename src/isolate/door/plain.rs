//! `plain(value, timeOf)`: the copy of a tree of plain data, as `structuredClone`
//! makes it, in one go. The prelude spends twice as long on looking at each property
//! as the engine takes for the whole; this costs what a builtin would.
//!
//! It copies objects, arrays and dates with their enumerable string keys; what is
//! shared, or refers back, stays so. It runs no code of the snippet and changes
//! nothing. At anything else (another class or prototype, an accessor, a function, a
//! symbol, too many levels) it gives up and gives undefined, and the prelude starts
//! over in JavaScript.
//!
//! **Architecture Invariant:** as in `door::armed`, everything in here may be
//! abandoned at any instruction: no destructors, no memory but the engine's.

use std::{
    ffi::{c_int, c_void},
    ptr,
};

use rquickjs::qjs;

use super::guard;

/// Levels that are copied in one go; each takes some of the native stack.
const MAX_DEPTH: usize = 200;

/// Places for copies at first; twice as many whenever half of them are taken.
const FEW_PLACES: usize = 64;

/// What an object became.
#[derive(Clone, Copy)]
struct Copied {
    /// Null where the place is free.
    from: *mut c_void,
    /// Not counted: the tree of copies holds it.
    to: qjs::JSValue,
}

/// One call's work.
struct Copying {
    ctx: *mut qjs::JSContext,
    object_class: qjs::JSClassID,
    object_prototype: *mut c_void,
    time_of: qjs::JSValue,
    /// By address; of the engine's heap.
    places: *mut Copied,
    /// A power of two.
    n_places: usize,
    n_copied: usize,
}

/// A function of the engine's C interface.
pub(super) unsafe extern "C" fn plain(
    ctx: *mut qjs::JSContext,
    _this: qjs::JSValue,
    argc: c_int,
    argv: *mut qjs::JSValue,
) -> qjs::JSValue {
    // SAFETY: the engine passes `argc` values at `argv`, alive until we return. Test:
    // door::tests::a_copy_of_plain_data_runs_no_code_and_leaks_nothing.
    unsafe {
        if argc < 2 {
            return qjs::JS_UNDEFINED;
        }
        let sample = qjs::JS_NewObject(ctx);
        let prototype = qjs::JS_GetPrototype(ctx, sample);
        let mut copying = Copying {
            ctx,
            object_class: qjs::JS_GetClassID(sample),
            object_prototype: qjs::JS_VALUE_GET_PTR(prototype),
            time_of: argv.add(1).read(),
            places: free_places(ctx, FEW_PLACES),
            n_places: FEW_PLACES,
            n_copied: 0,
        };
        // The engine's own intrinsics hold it.
        qjs::JS_FreeValue(ctx, prototype);
        qjs::JS_FreeValue(ctx, sample);
        if copying.places.is_null() {
            return gave_up(ctx);
        }
        let copy = copy(&mut copying, argv.read(), 0);
        qjs::js_free(ctx, copying.places.cast());
        match copy {
            Some(copy) => copy,
            None => gave_up(ctx),
        }
    }
}

/// The prelude will meet again what an allocation or the engine's stack said.
unsafe fn gave_up(ctx: *mut qjs::JSContext) -> qjs::JSValue {
    // SAFETY: as for `plain`. Test:
    // door::tests::a_copy_of_plain_data_runs_no_code_and_leaks_nothing.
    unsafe {
        if qjs::JS_HasException(ctx) {
            qjs::JS_FreeValue(ctx, qjs::JS_GetException(ctx));
        }
        qjs::JS_UNDEFINED
    }
}

/// None where `value` is not plain data. What was made by then is freed.
unsafe fn copy(copying: &mut Copying, value: qjs::JSValue, depth: usize) -> Option<qjs::JSValue> {
    // SAFETY: `value` is alive for the call. No function called here runs code of the
    // snippet: a proxy has a class of its own, accessors are seen before they are
    // called. Test:
    // door::tests::a_copy_of_plain_data_runs_no_code_and_leaks_nothing.
    unsafe {
        let ctx = copying.ctx;
        if !qjs::JS_IsObject(value) {
            return (!qjs::JS_IsSymbol(value)).then(|| qjs::JS_DupValue(ctx, value));
        }
        if let Some(known) = find(copying, value) {
            return Some(qjs::JS_DupValue(ctx, known));
        }
        if qjs::JS_IsDate(value) {
            // The intrinsic that the prelude captured.
            let time = qjs::JS_Call(ctx, copying.time_of, value, 0, ptr::null_mut());
            let mut ms = f64::NAN;
            if qjs::JS_ToFloat64(ctx, &raw mut ms, time) < 0 {
                return None;
            }
            let date = qjs::JS_NewDate(ctx, ms);
            return keep(copying, value, date);
        }
        let is_array = qjs::JS_IsArray(value);
        if !is_array && !is_plain_object(copying, value) || depth == MAX_DEPTH {
            return None;
        }
        // Ends with the run, also where the tree has no end.
        if guard::is_asked() {
            return None;
        }
        let made = if is_array { qjs::JS_NewArray(ctx) } else { qjs::JS_NewObject(ctx) };
        let made = keep(copying, value, made)?;
        let mut names = ptr::null_mut();
        let mut n_names = 0;
        let which = (qjs::JS_GPN_STRING_MASK | qjs::JS_GPN_ENUM_ONLY) as c_int;
        if qjs::JS_GetOwnPropertyNames(ctx, &raw mut names, &raw mut n_names, value, which) < 0 {
            qjs::JS_FreeValue(ctx, made);
            return None;
        }
        let mut is_whole = true;
        for idx in 0..n_names as usize {
            let name = (*names.add(idx)).atom;
            is_whole = copy_property(copying, value, made, name, depth);
            if !is_whole {
                break;
            }
        }
        qjs::JS_FreePropertyEnum(ctx, names, n_names);
        if is_whole && is_array {
            is_whole = match_length(ctx, value, made);
        }
        if is_whole {
            return Some(made);
        }
        qjs::JS_FreeValue(ctx, made);
        None
    }
}

unsafe fn copy_property(
    copying: &mut Copying,
    from: qjs::JSValue,
    to: qjs::JSValue,
    name: qjs::JSAtom,
    depth: usize,
) -> bool {
    // SAFETY: as for `copy`. Test:
    // door::tests::a_copy_of_plain_data_runs_no_code_and_leaks_nothing.
    unsafe {
        let ctx = copying.ctx;
        let mut found = qjs::JSPropertyDescriptor {
            flags: 0,
            value: qjs::JS_UNDEFINED,
            getter: qjs::JS_UNDEFINED,
            setter: qjs::JS_UNDEFINED,
        };
        if qjs::JS_GetOwnProperty(ctx, &raw mut found, from, name) <= 0 {
            return false;
        }
        if found.flags & qjs::JS_PROP_GETSET as c_int != 0 {
            qjs::JS_FreeValue(ctx, found.getter);
            qjs::JS_FreeValue(ctx, found.setter);
            return false;
        }
        let item = if qjs::JS_IsObject(found.value) || qjs::JS_IsSymbol(found.value) {
            let copied = copy(copying, found.value, depth + 1);
            qjs::JS_FreeValue(ctx, found.value);
            let Some(copied) = copied else { return false };
            copied
        } else {
            found.value
        };
        qjs::JS_DefinePropertyValue(ctx, to, name, item, qjs::JS_PROP_C_W_E as c_int) >= 0
    }
}

unsafe fn is_plain_object(copying: &Copying, value: qjs::JSValue) -> bool {
    // SAFETY: as for `copy`; only of a proxy would asking for the prototype run code,
    // and that has another class. Test:
    // door::tests::a_copy_of_plain_data_runs_no_code_and_leaks_nothing.
    unsafe {
        if qjs::JS_GetClassID(value) != copying.object_class {
            return false;
        }
        let prototype = qjs::JS_GetPrototype(copying.ctx, value);
        let is_plain = qjs::JS_IsNull(prototype)
            || qjs::JS_VALUE_GET_PTR(prototype) == copying.object_prototype;
        qjs::JS_FreeValue(copying.ctx, prototype);
        is_plain
    }
}

/// Holes at the end of an array are in its length only.
unsafe fn match_length(ctx: *mut qjs::JSContext, from: qjs::JSValue, to: qjs::JSValue) -> bool {
    // SAFETY: as for `copy`; both are arrays, whose length is their own. Test:
    // door::tests::a_copy_of_plain_data_runs_no_code_and_leaks_nothing.
    unsafe {
        let (mut wanted, mut is) = (0, 0);
        qjs::JS_GetLength(ctx, from, &raw mut wanted) >= 0
            && qjs::JS_GetLength(ctx, to, &raw mut is) >= 0
            && (wanted == is || qjs::JS_SetLength(ctx, to, wanted) >= 0)
    }
}

/// Notes what `from` became, and gives it back. None, and it is freed, without memory.
unsafe fn keep(
    copying: &mut Copying,
    from: qjs::JSValue,
    to: qjs::JSValue,
) -> Option<qjs::JSValue> {
    // SAFETY: the places are ours; more of them than are taken, so that `place` ends. Test:
    // door::tests::a_copy_of_plain_data_runs_no_code_and_leaks_nothing.
    unsafe {
        if qjs::JS_IsException(to) {
            return None;
        }
        if copying.n_copied * 2 >= copying.n_places {
            let (old, n_old) = (copying.places, copying.n_places);
            let more = free_places(copying.ctx, n_old * 2);
            if more.is_null() {
                qjs::JS_FreeValue(copying.ctx, to);
                return None;
            }
            (copying.places, copying.n_places) = (more, n_old * 2);
            for idx in 0..n_old {
                let copied = old.add(idx).read();
                if !copied.from.is_null() {
                    place(copying, copied.from).write(copied);
                }
            }
            qjs::js_free(copying.ctx, old.cast());
        }
        let from = qjs::JS_VALUE_GET_PTR(from);
        place(copying, from).write(Copied { from, to });
        copying.n_copied += 1;
        Some(to)
    }
}

unsafe fn find(copying: &Copying, from: qjs::JSValue) -> Option<qjs::JSValue> {
    // SAFETY: as for `keep`. Test:
    // door::tests::a_copy_of_plain_data_runs_no_code_and_leaks_nothing.
    unsafe {
        let copied = place(copying, qjs::JS_VALUE_GET_PTR(from)).read();
        (!copied.from.is_null()).then_some(copied.to)
    }
}

/// Where the copy of what lies at `from` is, or would be.
unsafe fn place(copying: &Copying, from: *mut c_void) -> *mut Copied {
    // SAFETY: as for `keep`; the index is always below `n_places`. Test:
    // door::tests::a_copy_of_plain_data_runs_no_code_and_leaks_nothing.
    unsafe {
        let last = copying.n_places - 1;
        let mut idx = (from.addr() >> 4).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20 & last;
        loop {
            let at = copying.places.add(idx);
            if (*at).from.is_null() || (*at).from == from {
                return at;
            }
            idx = (idx + 1) & last;
        }
    }
}

/// Null where there is no memory for them.
unsafe fn free_places(ctx: *mut qjs::JSContext, n_places: usize) -> *mut Copied {
    // SAFETY: all of what was allocated is written before it is read. Test:
    // door::tests::a_copy_of_plain_data_runs_no_code_and_leaks_nothing.
    unsafe {
        let places = qjs::js_malloc(ctx, (n_places * size_of::<Copied>()) as qjs::size_t);
        let places = places.cast::<Copied>();
        if !places.is_null() {
            for idx in 0..n_places {
                places.add(idx).write(Copied { from: ptr::null_mut(), to: qjs::JS_UNDEFINED });
            }
        }
        places
    }
}
