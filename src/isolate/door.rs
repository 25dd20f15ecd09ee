//! All that is ever said to the engine, and the one thing it can say back.
//!
//! Inwards: [`Engine::build`], [`Engine::begin`], [`Engine::advance`] and
//! [`Engine::finish_image`], each one entry through the guard. Outwards: one C
//! function, `door(op, …args)`, which takes primitives and bytes, disarms, lets
//! [`Host::dispatch`] work on plain data, re-arms, and only then makes the
//! engine's value. Rust behind the door never sees the engine, and no snippet
//! code can run while disarmed: the door converts nothing (`{toString}` is
//! refused, not called).
//!
//! **Architecture Invariant:** everything in `mod armed` may be abandoned at any
//! instruction. It has no destructors, no `?` on owned errors, no allocation but
//! the engine's, no panics. What it reads from Rust (program, input, replies) is
//! owned by the caller of the entry, which outlives it.
#![expect(unsafe_code, reason = "the engine's C interface")]

use std::{
    borrow::Cow,
    cell::Cell,
    ffi::{CStr, c_int, c_void},
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    ptr::{self, NonNull},
};

use rquickjs::qjs;

pub(crate) use self::compile::{Form, compile};

use super::{
    Uses,
    answer::{self, Quoted},
    drive::Host,
    guard::{self, Exit, Guard},
    heap::Heap,
    host::{Arg, Completion, Reply, TimerId},
    wtf8::{Piece, Pieces},
};

mod compile;
mod plain;

/// What the snippet's own code is called in stacks.
pub(crate) const SNIPPET_FILE: &CStr = c"snippet.ts";

/// No op takes more arguments than this.
const MAX_ARGS: usize = 12;

/// A text that is not well-formed is copied, outside of the heap.
const MAX_REPAIRED_BYTES: usize = 4 << 20;

/// One engine in one heap. It is never torn down: its memory is unmapped.
pub(crate) struct Engine {
    core: NonNull<Core>,
}

/// What the engine says after an entry that came back.
#[derive(Debug)]
pub(crate) enum Turn {
    /// `main` has not settled, and no job is left.
    Waiting,
    /// JSON text of what `main` returned.
    Returned(String),
    /// `main` returned, and the run was stopped before that was copied.
    Overtaken,
    /// What `main` returned is so many bytes of JSON text, or more; over the limit.
    TooLong(usize),
    /// What `main` returned is nothing that JSON can say.
    NotJson { path: String, message: String, hint: String },
    /// JSON text that describes what was thrown; see the prelude's `describe`.
    Threw(String),
    /// The engine's compiler refused the program; described likewise.
    DidNotCompile(String),
    /// The watchdog asked for the end.
    Stopped,
}

/// Why there is no engine.
#[derive(Debug)]
pub(crate) enum BuildError {
    /// A bundle threw or is not what this engine can read. `stack` is the engine's.
    Bundle { name: &'static str, message: String, stack: String },
    /// The building entry did not come back from this bundle.
    Left { exit: Exit, bundle: Option<&'static str> },
    /// The engine is not the one that this build expects.
    Engine(&'static str),
}

/// A bundle as bytecode of the engine in this very build: a script, or a module.
#[derive(Clone, Copy, Debug)]
pub struct Bytecode {
    /// For people.
    pub name: &'static str,
    pub bytes: &'static [u8],
    /// Globals that are there once it is evaluated, and must not be before. A
    /// module that sets none of its own becomes one by its exports.
    pub globals: &'static [&'static CStr],
}

/// When the engine collects cycles: at how many live bytes, image included.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Collect {
    pub(crate) first_at: usize,
    /// After a collection the engine waits until the heap has grown by half, which
    /// may be more than there is: a run must not end for want of memory with a
    /// heap full of garbage.
    pub(crate) at_latest: usize,
}

/// What woke a waiting run.
#[derive(Debug)]
pub(crate) enum Wake {
    Timer(TimerId),
    Completion(Completion),
}

/// A suspended run as the engine knows it. Nothing to drop: what `main` points to
/// lies in the run's delta.
pub(crate) struct Waiting {
    main: qjs::JSValue,
    has_rejections: bool,
}

impl fmt::Debug for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Waiting")
    }
}

/// Lives outside the heap, at a fixed address, for as long as the engine.
struct Core {
    rt: *mut qjs::JSRuntime,
    ctx: *mut qjs::JSContext,
    hooks: Hooks,
    /// The promise of the current run; its bits mean nothing after the rollback.
    main: qjs::JSValue,
    /// Whether a promise was rejected without a handler in this run.
    has_rejections: bool,
    /// Whether callbacks of `process.nextTick` may be left. Not between two entries.
    has_ticks: bool,
    /// [`Collect::at_latest`]; no limit while the image is built.
    collect_at_latest: usize,
    /// The current entry's host. Null outside an entry.
    host: *mut Host,
    heap: *const Heap,
    request: Request,
    said: Said,
    /// While the image is built: which bundle is evaluated, and which of its
    /// globals is looked at.
    at: (usize, usize),
}

/// Functions of the prelude. They belong to the image and are held for ever.
#[derive(Clone, Copy)]
struct Hooks {
    stringify: qjs::JSValue,
    describe: qjs::JSValue,
    take_timer: qjs::JSValue,
    take_tick: qjs::JSValue,
    settle: qjs::JSValue,
    rejection: qjs::JSValue,
    leftovers: qjs::JSValue,
}

/// What the current entry is to do. Pointers into memory of the entry's caller.
#[derive(Clone, Copy)]
enum Request {
    Nothing,
    Build { bundles: *const [Bytecode], uses: Uses, stack_bytes: usize },
    FinishImage(Collect, Uses),
    Begin { program: *const [u8], input: *const [u8] },
    Timer(TimerId),
    Completion(*const Completion),
}

/// What the current entry found; texts lie in the heap.
#[derive(Clone, Copy)]
struct Said {
    kind: Kind,
    texts: [Text; 3],
    leftovers: Text,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    Waiting,
    Returned,
    ReturnedText,
    NotJson,
    Threw,
    DidNotCompile,
    Stopped,
    Built,
    /// `texts[0]` says why, `texts[1]` where; `Core::at` which bundle.
    BundleFailed,
    /// A global that a bundle is to set is there before it.
    GlobalTaken,
    /// A global that a bundle is to set is not there after it.
    GlobalMissing,
    /// What the seal looks for in the engine is not there.
    OtherEngine,
}

/// A C string of the engine, not freed: the rollback takes it.
#[derive(Clone, Copy)]
struct Text {
    at: *const u8,
    len: usize,
}

const NO_TEXT: Text = Text { at: ptr::null(), len: 0 };
const SAID_NOTHING: Said = Said { kind: Kind::Waiting, texts: [NO_TEXT; 3], leftovers: NO_TEXT };

thread_local! {
    /// The engine that this thread is inside of. Not read from the heap: what lies
    /// in there is not trusted.
    static CURRENT: Cell<*mut Core> = const { Cell::new(ptr::null_mut()) };
}

impl Engine {
    /// Makes an engine in `heap` and evaluates `bundles` in it, in order. The heap
    /// must not move while the engine lives.
    pub(crate) fn build(
        guard: &Guard,
        heap: &Heap,
        host: &mut Host,
        bundles: &[Bytecode],
        uses: Uses,
        stack_bytes: usize,
    ) -> Result<Engine, BuildError> {
        let undefined = qjs::JS_UNDEFINED;
        let core = Box::new(Core {
            rt: ptr::null_mut(),
            ctx: ptr::null_mut(),
            hooks: Hooks {
                stringify: undefined,
                describe: undefined,
                take_timer: undefined,
                take_tick: undefined,
                settle: undefined,
                rejection: undefined,
                leftovers: undefined,
            },
            main: undefined,
            has_rejections: false,
            has_ticks: false,
            collect_at_latest: usize::MAX,
            host: ptr::null_mut(),
            heap,
            request: Request::Nothing,
            said: SAID_NOTHING,
            at: (0, 0),
        });
        let mut engine = Engine { core: NonNull::from(Box::leak(core)) };
        let request = Request::Build { bundles, uses, stack_bytes };
        let entered = engine.enter(guard, heap, host, request);
        // SAFETY: our own box, and no entry is under way. Test:
        // door::tests::a_bundle_is_a_script_or_a_module.
        let (bundle, global) = unsafe { engine.core.as_ref() }.at;
        let bundle = bundles.get(bundle);
        let said =
            entered.map_err(|exit| BuildError::Left { exit, bundle: bundle.map(|it| it.name) })?;
        let name = bundle.map_or("engine", |it| it.name);
        let global = bundle.and_then(|it| it.globals.get(global));
        let global = global.map(|it| it.to_string_lossy()).unwrap_or_default();
        let (message, stack) = match said.kind {
            Kind::Built => return Ok(engine),
            Kind::GlobalTaken => {
                let message = format!(
                    "the global `{global}` is there already: the language, the web platform or \
                     an earlier bundle has it"
                );
                (message, String::new())
            }
            Kind::GlobalMissing => {
                let message = format!(
                    "it does not set the global `{global}`, and is no module that exports \
                     something (a script sets one with `var`, or on `globalThis`)"
                );
                (message, String::new())
            }
            _ => (copy(heap, said.texts[0]), copy(heap, said.texts[1])),
        };
        Err(BuildError::Bundle { name, message, stack })
    }

    /// Leaves the image as small and as quiet as it gets. The last entry before
    /// the seal.
    pub(crate) fn finish_image(
        &mut self,
        guard: &Guard,
        heap: &Heap,
        host: &mut Host,
        collect: Collect,
        uses: Uses,
    ) -> Result<(), BuildError> {
        let said = self
            .enter(guard, heap, host, Request::FinishImage(collect, uses))
            .map_err(|exit| BuildError::Left { exit, bundle: None })?;
        match said.kind {
            Kind::Built => Ok(()),
            _ => Err(BuildError::Engine(
                "the engine's object list is not where this build expects it",
            )),
        }
    }

    /// Starts a run. Both texts end with a NUL byte.
    pub(crate) fn begin(
        &mut self,
        guard: &Guard,
        heap: &Heap,
        host: &mut Host,
        program: &[u8],
        input: &[u8],
    ) -> Result<Turn, Exit> {
        let said = self.enter(guard, heap, host, Request::Begin { program, input })?;
        Ok(turn(guard, heap, host, said))
    }

    /// Continues a waiting run.
    pub(crate) fn advance(
        &mut self,
        guard: &Guard,
        heap: &Heap,
        host: &mut Host,
        wake: &Wake,
    ) -> Result<Turn, Exit> {
        let request = match wake {
            Wake::Timer(id) => Request::Timer(*id),
            Wake::Completion(completion) => Request::Completion(completion),
        };
        let said = self.enter(guard, heap, host, request)?;
        Ok(turn(guard, heap, host, said))
    }

    /// What is known of the waiting run outside the heap. Goes with its delta.
    pub(crate) fn suspend(&self) -> Waiting {
        // SAFETY: our own box, and no entry is under way. Test:
        // isolate::tests::suspended_runs_leave_no_byte_in_the_isolate.
        let core = unsafe { self.core.as_ref() };
        Waiting { main: core.main, has_rejections: core.has_rejections }
    }

    /// The other half of the run's delta being back in the heap.
    pub(crate) fn resume(&mut self, waiting: Waiting) {
        // SAFETY: as above, and `&mut self` excludes every other borrow. Test:
        // isolate::tests::suspended_runs_leave_no_byte_in_the_isolate.
        let core = unsafe { self.core.as_mut() };
        core.main = waiting.main;
        core.has_rejections = waiting.has_rejections;
    }

    fn enter(
        &mut self,
        guard: &Guard,
        heap: &Heap,
        host: &mut Host,
        request: Request,
    ) -> Result<Said, Exit> {
        let core = self.core.as_ptr();
        // SAFETY: `core` is this engine's own box, and nobody else looks at it outside of
        // an entry. Inside, the armed code and the door reach `core` and `host` through
        // these raw pointers only, on this thread; our `&mut`s are not used until the entry
        // is over. `request` points to memory that this function's callers borrow across
        // the call. Test: door::tests::an_isolate_can_be_dropped_at_any_point.
        unsafe {
            (*core).host = host;
            (*core).heap = heap;
            (*core).request = request;
            (*core).said = SAID_NOTHING;
            CURRENT.set(core);
            let exit = guard.enter(armed::entry, core.cast());
            CURRENT.set(ptr::null_mut());
            (*core).host = ptr::null_mut();
            (*core).request = Request::Nothing;
            if exit == Exit::Returned { Ok((*core).said) } else { Err(exit) }
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // SAFETY: from `Box::leak`; no entry is under way, since they borrow us. Test:
        // door::tests::an_isolate_can_be_dropped_at_any_point.
        drop(unsafe { Box::from_raw(self.core.as_ptr()) });
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Engine")
    }
}

/// Copies what was said out of the heap. A result may be large: that takes its time,
/// which is the run's.
fn turn(guard: &Guard, heap: &Heap, host: &mut Host, said: Said) -> Turn {
    if said.leftovers.len > 0 {
        host.leftovers = Some(copy(heap, said.leftovers));
    }
    let [first, second, third] = said.texts;
    let is_stopping = || guard.is_stopping();
    match said.kind {
        Kind::Waiting => Turn::Waiting,
        // Not copied only to be refused.
        Kind::Returned if first.len > host.output_bytes => Turn::TooLong(first.len),
        Kind::Returned => {
            owned(bytes_of(heap, first), is_stopping).map_or(Turn::Overtaken, Turn::Returned)
        }
        Kind::ReturnedText => {
            match answer::quoted(bytes_of(heap, first), host.output_bytes, is_stopping) {
                Quoted::Json(json) => Turn::Returned(json),
                Quoted::TooLong(n_bytes) => Turn::TooLong(n_bytes),
                Quoted::Stopped => Turn::Overtaken,
            }
        }
        Kind::NotJson => Turn::NotJson {
            path: copy(heap, first),
            message: copy(heap, second),
            hint: copy(heap, third),
        },
        Kind::Threw => Turn::Threw(copy(heap, first)),
        Kind::DidNotCompile => Turn::DidNotCompile(copy(heap, first)),
        Kind::Stopped
        | Kind::Built
        | Kind::BundleFailed
        | Kind::GlobalTaken
        | Kind::GlobalMissing
        | Kind::OtherEngine => Turn::Stopped,
    }
}

/// A text that claims to lie outside the heap is empty: the engine is not sound,
/// and nothing of the process may leak through it.
fn bytes_of(heap: &Heap, text: Text) -> &[u8] {
    heap.bytes(text.at, text.len).unwrap_or_default()
}

/// Of texts that the prelude keeps short.
fn copy(heap: &Heap, text: Text) -> String {
    owned(bytes_of(heap, text), || false).unwrap_or_default()
}

/// The engine's text as Rust's: a surrogate without its other half becomes U+FFFD.
/// None when the run was stopped meanwhile.
fn owned(bytes: &[u8], is_stopping: impl Fn() -> bool) -> Option<String> {
    let mut text = String::with_capacity(bytes.len());
    for piece in Pieces::of(bytes) {
        if is_stopping() {
            return None;
        }
        match piece {
            Piece::Text(piece) => text.push_str(piece),
            Piece::Surrogate(_) | Piece::Broken => text.push(char::REPLACEMENT_CHARACTER),
        }
    }
    Some(text)
}

/// The same for an operation, not copied where nothing is to be replaced: the copy is
/// not the run's memory. What is thrown when the run is over does not matter.
fn borrowed(bytes: &[u8]) -> Result<Cow<'_, str>, Reply> {
    let mut n_valid = 0;
    for piece in Pieces::of(bytes) {
        if guard::is_asked() {
            return Err(Reply::Undefined);
        }
        let Piece::Text(text) = piece else {
            if bytes.len() > MAX_REPAIRED_BYTES {
                let message = "a text with half characters (surrogates without their other \
                     half) has at most 4 MiB here; see `toWellFormed`";
                return Err(Reply::throw("RangeError", message));
            }
            return owned(bytes, guard::is_asked).map(Cow::Owned).ok_or(Reply::Undefined);
        };
        n_valid += text.len();
    }
    assert_eq!(n_valid, bytes.len(), "pieces leave nothing out");
    // SAFETY: pieces of text follow each other without a gap, and each of them is valid.
    // Test: wtf8::tests::long_texts_come_in_pieces_of_whole_characters.
    Ok(Cow::Borrowed(unsafe { str::from_utf8_unchecked(bytes) }))
}

/// Runs one op on plain data. Called disarmed; may allocate and lock, and turns
/// its own panic into an error of the op.
fn dispatch(core: *mut Core, op: u32, args: &[RawArg]) {
    // SAFETY: called by the door inside an entry, when both pointers are set. The `&mut
    // Host` of `Engine::enter`'s caller is not in use meanwhile. Test:
    // isolate::tests::a_panic_in_a_host_operation_ends_its_run_and_no_other.
    let (host, heap) = unsafe { (&mut *(*core).host, &*(*core).heap) };
    #[cfg(test)]
    guard::looks::begin();
    let worked = catch_unwind(AssertUnwindSafe(|| {
        let mut plain: [Arg<'_>; MAX_ARGS] = std::array::from_fn(|_| Arg::Undefined);
        for (slot, arg) in plain.iter_mut().zip(args) {
            *slot = match *arg {
                RawArg::Undefined => Arg::Undefined,
                RawArg::Null => Arg::Null,
                RawArg::Bool(it) => Arg::Bool(it),
                RawArg::Number(it) => Arg::Number(it),
                RawArg::Text(text) => match borrowed(bytes_of(heap, text)) {
                    Ok(text) => Arg::Text(text),
                    Err(reply) => return reply,
                },
                RawArg::Bytes(bytes) => Arg::Bytes(bytes_of(heap, bytes)),
            };
        }
        host.dispatch(op, &plain[..args.len()])
    }));
    // SAFETY: as above. Test:
    // isolate::tests::a_panic_in_a_host_operation_ends_its_run_and_no_other.
    let host = unsafe { &mut *(*core).host };
    host.reply = worked.unwrap_or_else(|_panic| {
        host.panicked_op = Some(op);
        Reply::Throw {
            name: "Error".to_owned(),
            message: format!("the kernel failed in host operation {op}"),
        }
    });
    #[cfg(test)]
    guard::looks::end();
}

/// An argument as the armed side passes it: nothing to drop.
#[derive(Clone, Copy)]
enum RawArg {
    Undefined,
    Null,
    Bool(bool),
    Number(f64),
    Text(Text),
    Bytes(Text),
}

/// Where `gc_obj_list` lies in this engine's `JSRuntime` (quickjs.c line 337):
/// malloc functions 40, malloc state 32, arena lists 2 × 31 × 16 and the empty
/// block 8, `rt_info` 8, four counters 16, two tables 16, three numbers and
/// padding 16, class array 8, context list 16. `armed::detach_image` checks what
/// it finds there before it trusts it.
const GC_OBJ_LIST: usize = 40 + 32 + (2 * 31 * 16 + 8) + 8 + 16 + 16 + 16 + 8 + 16;

/// Block sizes of the engine's small-block arenas (quickjs.c line 1709).
const ARENA_BLOCKS: [u16; 31] = [
    16, 24, 32, 40, 48, 56, 64, 72, 80, 88, 96, 104, 112, 120, 128, 144, 160, 176, 192, 208, 224,
    240, 256, 288, 320, 352, 384, 416, 448, 480, 512,
];
/// What the engine puts in front of each block.
const ARENA_HEADER: u16 = 8;

/// Code that a signal may abandon at any instruction.
mod armed {
    use super::*;

    /// Every entry. JS_UpdateStackTop comes first: the engine's stack limit is an
    /// address, and this thread's stack is at another depth each time.
    pub(super) unsafe extern "C" fn entry(core: *mut c_void) {
        let core = core.cast::<Core>();
        // SAFETY: `Engine::enter` passes its core. The engine's functions are called as
        // quickjs.h says, with values of this context. Test:
        // isolate::tests::recursion_has_the_same_room_wherever_a_run_begins.
        unsafe {
            if !(*core).rt.is_null() {
                qjs::JS_UpdateStackTop((*core).rt);
            }
            match (*core).request {
                Request::Nothing => {}
                Request::Build { bundles, uses, stack_bytes } => {
                    build(core, &*bundles, uses, stack_bytes);
                }
                Request::FinishImage(collect, uses) => finish_image(core, collect, uses),
                Request::Begin { program, input } => begin(core, &*program, &*input),
                Request::Timer(id) => fire_timer(core, id),
                Request::Completion(completion) => settle(core, &*completion),
            }
        }
    }

    unsafe fn build(core: *mut Core, bundles: &[Bytecode], uses: Uses, stack_bytes: usize) {
        // SAFETY: as for `entry`. Test: door::tests::a_bundle_is_a_script_or_a_module.
        unsafe {
            let (functions, opaque) = (*(*core).heap).allocator();
            let rt = qjs::JS_NewRuntime2(&raw const functions, opaque);
            (*core).rt = rt;
            qjs::JS_SetMaxStackSize(rt, stack_bytes as qjs::size_t);
            qjs::JS_UpdateStackTop(rt);
            // The one collection of the building comes before the seal.
            qjs::JS_SetGCThreshold(rt, qjs::size_t::MAX);
            qjs::JS_SetCanBlock(rt, false);
            let ctx = qjs::JS_NewContext(rt);
            (*core).ctx = ctx;
            qjs::JS_SetInterruptHandler(rt, Some(on_poll), ptr::null_mut());
            qjs::JS_SetHostPromiseRejectionTracker(rt, Some(on_rejection), ptr::null_mut());

            let global = qjs::JS_GetGlobalObject(ctx);
            // For the prelude, which captures and deletes them.
            let functions: [(&CStr, qjs::JSCFunction); 4] = [
                (c"__door", Some(door)),
                (c"__peek", Some(peek)),
                (c"__plain", Some(plain::plain)),
                (c"__tick", Some(tick)),
            ];
            for (name, function) in functions {
                let generic = qjs::JSCFunctionEnum_JS_CFUNC_generic;
                let function = qjs::JS_NewCFunction2(ctx, function, name.as_ptr(), 1, generic, 0);
                qjs::JS_SetPropertyStr(ctx, global, name.as_ptr(), function);
            }

            // For bundles that can do once what every run would do first.
            let warms_up = if uses == Uses::Many { qjs::JS_TRUE } else { qjs::JS_FALSE };
            qjs::JS_SetPropertyStr(ctx, global, c"__warmsUp".as_ptr(), warms_up);

            for (idx, bundle) in bundles.iter().enumerate() {
                (*core).at = (idx, 0);
                if !load(core, global, bundle) {
                    return;
                }
            }
            (*core).at = (bundles.len(), 0);

            let hooks = qjs::JS_GetPropertyStr(ctx, global, c"__hooks".as_ptr());
            let hook = |name: &CStr| qjs::JS_GetPropertyStr(ctx, hooks, name.as_ptr());
            (*core).hooks = Hooks {
                stringify: hook(c"stringify"),
                describe: hook(c"describe"),
                take_timer: hook(c"takeTimer"),
                take_tick: hook(c"takeTick"),
                settle: hook(c"settle"),
                rejection: hook(c"rejection"),
                leftovers: hook(c"leftovers"),
            };
            // The object itself is never freed: what else lies in it is to stay.
            for name in
                [c"__hooks", c"__host", c"__door", c"__peek", c"__plain", c"__tick", c"__warmsUp"]
            {
                let atom = qjs::JS_NewAtom(ctx, name.as_ptr());
                qjs::JS_DeleteProperty(ctx, global, atom, 0);
                qjs::JS_FreeAtom(ctx, atom);
            }
            qjs::JS_FreeValue(ctx, global);
            (*core).said.kind = Kind::Built;
        }
    }

    /// Evaluates one bundle and sees to its globals; says what is wrong with it.
    unsafe fn load(core: *mut Core, global: qjs::JSValue, bundle: &Bytecode) -> bool {
        // SAFETY: as for `entry`. Test: door::tests::a_bundle_is_a_script_or_a_module.
        unsafe {
            let ctx = (*core).ctx;
            let is_there = |name: &CStr| {
                let atom = qjs::JS_NewAtom(ctx, name.as_ptr());
                let is_there = qjs::JS_HasProperty(ctx, global, atom);
                qjs::JS_FreeAtom(ctx, atom);
                is_there != 0
            };
            for (idx, name) in bundle.globals.iter().enumerate() {
                if is_there(name) {
                    (*core).at.1 = idx;
                    (*core).said.kind = Kind::GlobalTaken;
                    return false;
                }
            }
            let read = qjs::JS_ReadObject(
                ctx,
                bundle.bytes.as_ptr(),
                bundle.bytes.len() as qjs::size_t,
                qjs::JS_READ_OBJ_BYTECODE as c_int,
            );
            let is_module = qjs::JS_VALUE_GET_TAG(read) == qjs::JS_TAG_MODULE;
            if !evaluate(core, read, is_module) {
                return false;
            }
            for (idx, name) in bundle.globals.iter().enumerate() {
                if is_there(name) {
                    continue;
                }
                (*core).at.1 = idx;
                let exports = if is_module { exports(ctx, read) } else { qjs::JS_UNDEFINED };
                if qjs::JS_IsUndefined(exports) {
                    (*core).said.kind = Kind::GlobalMissing;
                    return false;
                }
                let flags = (qjs::JS_PROP_CONFIGURABLE | qjs::JS_PROP_WRITABLE) as c_int;
                qjs::JS_DefinePropertyValueStr(ctx, global, name.as_ptr(), exports, flags);
            }
            true
        }
    }

    /// Runs what was read, and the jobs it leaves; says why that failed.
    unsafe fn evaluate(core: *mut Core, read: qjs::JSValue, is_module: bool) -> bool {
        // SAFETY: as for `entry`. JS_EvalFunction takes `read` over; a module stays alive
        // all the same, in the list of its context. Test:
        // door::tests::a_bundle_that_draws_or_waits_while_it_loads_fails_the_build.
        unsafe {
            let ctx = (*core).ctx;
            if qjs::JS_IsException(read) || is_module && qjs::JS_ResolveModule(ctx, read) < 0 {
                return bundle_failed(core, qjs::JS_GetException(ctx));
            }
            let value = qjs::JS_EvalFunction(ctx, read);
            if qjs::JS_IsException(value) || !matches!(run_jobs(core), Ran::All) {
                return bundle_failed(core, qjs::JS_GetException(ctx));
            }
            if !is_module {
                qjs::JS_FreeValue(ctx, value);
                return true;
            }
            let state = qjs::JS_PromiseState(ctx, value);
            let result = qjs::JS_PromiseResult(ctx, value);
            qjs::JS_FreeValue(ctx, value);
            if state == qjs::JSPromiseStateEnum_JS_PROMISE_REJECTED {
                return bundle_failed(core, result);
            }
            qjs::JS_FreeValue(ctx, result);
            if state == qjs::JSPromiseStateEnum_JS_PROMISE_PENDING {
                qjs::JS_ThrowTypeError(ctx, c"its top-level await never settles".as_ptr());
                return bundle_failed(core, qjs::JS_GetException(ctx));
            }
            true
        }
    }

    unsafe fn bundle_failed(core: *mut Core, reason: qjs::JSValue) -> bool {
        // SAFETY: as for `entry`. Test:
        // door::tests::a_bundle_that_draws_or_waits_while_it_loads_fails_the_build.
        unsafe {
            let ctx = (*core).ctx;
            let stack = match qjs::JS_IsObject(reason) {
                true => qjs::JS_GetPropertyStr(ctx, reason, c"stack".as_ptr()),
                false => qjs::JS_UNDEFINED,
            };
            (*core).said.texts = [text(ctx, reason), text(ctx, stack), NO_TEXT];
            (*core).said.kind = Kind::BundleFailed;
            false
        }
    }

    /// The namespace of an evaluated module, or what it exports as its default
    /// where that is all; undefined when there is nothing.
    unsafe fn exports(ctx: *mut qjs::JSContext, module: qjs::JSValue) -> qjs::JSValue {
        // SAFETY: as for `entry`; the tag says that it is a module's definition. Test:
        // door::tests::a_bundle_is_a_script_or_a_module.
        unsafe {
            let definition = qjs::JS_VALUE_GET_PTR(module).cast::<qjs::JSModuleDef>();
            let namespace = qjs::JS_GetModuleNamespace(ctx, definition);
            let (mut names, mut n_names) = (ptr::null_mut(), 0);
            let flags = qjs::JS_GPN_STRING_MASK as c_int;
            let listed = qjs::JS_GetOwnPropertyNames(
                ctx,
                &raw mut names,
                &raw mut n_names,
                namespace,
                flags,
            );
            if listed < 0 || n_names == 0 {
                return qjs::JS_UNDEFINED;
            }
            qjs::JS_FreePropertyEnum(ctx, names, n_names);
            if n_names == 1 {
                let default = qjs::JS_GetPropertyStr(ctx, namespace, c"default".as_ptr());
                if !qjs::JS_IsUndefined(default) {
                    qjs::JS_FreeValue(ctx, namespace);
                    return default;
                }
            }
            namespace
        }
    }

    unsafe fn finish_image(core: *mut Core, collect: Collect, uses: Uses) {
        // SAFETY: as for `entry`. Test:
        // isolate::tests::garbage_in_cycles_is_collected_and_that_touches_few_pages_of_the_image.
        unsafe {
            let (rt, ctx) = ((*core).rt, (*core).ctx);
            // What the warm-up run left.
            qjs::JS_FreeValue(ctx, (*core).main);
            (*core).main = qjs::JS_UNDEFINED;
            if uses == Uses::Many {
                qjs::JS_RunGC(rt);
                fill_arenas(core);
            }
            qjs::JS_SetGCThreshold(rt, collect.first_at as qjs::size_t);
            (*core).collect_at_latest = collect.at_latest;
            (*core).said.kind = if detach_image(core) { Kind::Built } else { Kind::OtherEngine };
        }
    }

    /// A free slot in an arena of the image would be filled by a run, and dirty a
    /// page. Takes blocks until one needs a new arena.
    unsafe fn fill_arenas(core: *mut Core) {
        // SAFETY: as for `entry`. Test:
        // isolate::tests::runs_are_pristine_with_every_tracking.
        unsafe {
            let ctx = (*core).ctx;
            for block in ARENA_BLOCKS {
                let size = (block - ARENA_HEADER).max(1);
                let before = (*(*core).heap).n_allocations();
                loop {
                    let filler = qjs::js_malloc(ctx, qjs::size_t::from(size));
                    if filler.is_null() {
                        break;
                    }
                    if (*(*core).heap).n_allocations() != before {
                        qjs::js_free(ctx, filler);
                        break;
                    }
                }
            }
        }
    }

    /// `struct list_head` of list.h.
    #[repr(C)]
    struct Link {
        prev: *mut Link,
        next: *mut Link,
    }

    /// Takes the image's objects off the collector's list, so that a collection in
    /// a run touches none of their pages. They stay linked among themselves: one
    /// that is freed unlinks itself from a ring without a head. They count as
    /// roots from then on, which only ever keeps more alive.
    unsafe fn detach_image(core: *mut Core) -> bool {
        // SAFETY: `head` lies inside the runtime's struct, which is larger; every link is
        // checked to lie in the image before it is read. Test:
        // isolate::tests::garbage_in_cycles_is_collected_and_that_touches_few_pages_of_the_image.
        unsafe {
            let head = (*core).rt.cast::<u8>().add(GC_OBJ_LIST).cast::<Link>();
            let heap = &*(*core).heap;
            let is_link = |link: *mut Link| {
                link.is_aligned() && heap.bytes(link.cast(), size_of::<Link>()).is_some()
            };
            let mut n_objects = 0;
            let mut link = head;
            loop {
                let next = (*link).next;
                if !is_link(next) || (*next).prev != link {
                    return false;
                }
                if next == head {
                    break;
                }
                n_objects += 1;
                link = next;
            }
            // A bare context has more than a thousand objects. Anything else means
            // that this is another list.
            if n_objects < 1000 {
                return false;
            }
            let (first, last) = ((*head).next, (*head).prev);
            (*first).prev = last;
            (*last).next = first;
            (*head).next = head;
            (*head).prev = head;
            true
        }
    }

    unsafe fn begin(core: *mut Core, program: &[u8], input: &[u8]) {
        // SAFETY: as for `entry`. The lengths leave out the NUL that the engine's parsers
        // want to find behind the text. Test:
        // door::tests::a_bundle_is_a_script_or_a_module.
        unsafe {
            let ctx = (*core).ctx;
            (*core).has_rejections = false;
            (*core).has_ticks = false;
            let main = qjs::JS_Eval(
                ctx,
                program.as_ptr().cast(),
                program.len() as qjs::size_t - 1,
                SNIPPET_FILE.as_ptr(),
                qjs::JS_EVAL_TYPE_GLOBAL as c_int,
            );
            if qjs::JS_IsException(main) {
                return describe_exception(core, Kind::DidNotCompile);
            }
            let mut input = qjs::JS_ParseJSON(
                ctx,
                input.as_ptr().cast(),
                input.len() as qjs::size_t - 1,
                c"input".as_ptr(),
            );
            if qjs::JS_IsException(input) {
                return describe_exception(core, Kind::Threw);
            }
            // Called from here, not from the prelude: no frame of ours may lie
            // below the snippet's, where `prepareStackTrace` would hand it over.
            let promise = qjs::JS_Call(ctx, main, qjs::JS_UNDEFINED, 1, &raw mut input);
            qjs::JS_FreeValue(ctx, input);
            qjs::JS_FreeValue(ctx, main);
            if qjs::JS_IsException(promise) {
                return describe_exception(core, Kind::Threw);
            }
            (*core).main = promise;
            pump(core);
        }
    }

    unsafe fn fire_timer(core: *mut Core, id: TimerId) {
        // SAFETY: as for `entry`. Test:
        // contract::timers_run_in_order_and_what_is_left_is_dropped.
        unsafe {
            let ctx = (*core).ctx;
            let id = number(f64::from(id));
            let taken = call(ctx, (*core).hooks.take_timer, &mut [id]);
            if qjs::JS_IsException(taken) {
                return describe_exception(core, Kind::Threw);
            }
            if !call_taken(ctx, taken) {
                return describe_exception(core, Kind::Threw);
            }
            pump(core);
        }
    }

    /// Calls `[fn, ...args]`, if it is that, with no frame of ours below. False when
    /// that threw.
    unsafe fn call_taken(ctx: *mut qjs::JSContext, taken: qjs::JSValue) -> bool {
        // SAFETY: as for `entry`. Test: platform::what_snippets_reach_for_answers_as_in_node.
        unsafe {
            if !qjs::JS_IsObject(taken) {
                return true;
            }
            let mut len: i64 = 0;
            if qjs::JS_GetLength(ctx, taken, &raw mut len) < 0 || len < 1 {
                return false;
            }
            let callback = qjs::JS_GetPropertyUint32(ctx, taken, 0);
            let n_args = len as usize - 1;
            let args =
                qjs::js_malloc(ctx, (n_args.max(1) * size_of::<qjs::JSValue>()) as qjs::size_t)
                    .cast::<qjs::JSValue>();
            if args.is_null() {
                return false;
            }
            for idx in 0..n_args {
                args.add(idx).write(qjs::JS_GetPropertyUint32(ctx, taken, idx as u32 + 1));
            }
            let value = qjs::JS_Call(ctx, callback, qjs::JS_UNDEFINED, n_args as c_int, args);
            for idx in 0..n_args {
                qjs::JS_FreeValue(ctx, args.add(idx).read());
            }
            qjs::js_free(ctx, args.cast());
            qjs::JS_FreeValue(ctx, callback);
            qjs::JS_FreeValue(ctx, taken);
            qjs::JS_FreeValue(ctx, value);
            !qjs::JS_IsException(value)
        }
    }

    unsafe fn settle(core: *mut Core, completion: &Completion) {
        // SAFETY: as for `entry`. Test: fetch::what_is_sent_and_received.
        unsafe {
            let ctx = (*core).ctx;
            let (ok, value) = match &completion.reply {
                Reply::Throw { name, message } => {
                    let pair = qjs::JS_NewArray(ctx);
                    for (idx, part) in [name, message].into_iter().enumerate() {
                        let flags = qjs::JS_PROP_C_W_E as c_int;
                        qjs::JS_DefinePropertyValueUint32(
                            ctx,
                            pair,
                            idx as u32,
                            string(ctx, part),
                            flags,
                        );
                    }
                    (qjs::JS_FALSE, pair)
                }
                reply => (qjs::JS_TRUE, value_of(ctx, reply)),
            };
            if qjs::JS_IsException(value) {
                return describe_exception(core, Kind::Threw);
            }
            let mut args = [number(f64::from(completion.call)), ok, value];
            let settled = call(ctx, (*core).hooks.settle, &mut args);
            qjs::JS_FreeValue(ctx, value);
            if qjs::JS_IsException(settled) {
                return describe_exception(core, Kind::Threw);
            }
            qjs::JS_FreeValue(ctx, settled);
            pump(core);
        }
    }

    /// Runs jobs until none is left, then looks at `main`.
    unsafe fn pump(core: *mut Core) {
        // SAFETY: as for `entry`. Test:
        // contract::a_rejection_without_a_handler_is_told_and_kills_nothing.
        unsafe {
            let ctx = (*core).ctx;
            match run_ticks_and_jobs(core) {
                Ran::All => {}
                Ran::UntilAsked => {
                    (*core).said.kind = Kind::Stopped;
                    return;
                }
                Ran::UntilThrown => return describe_exception(core, Kind::Threw),
            }
            let main = (*core).main;
            match qjs::JS_PromiseState(ctx, main) {
                qjs::JSPromiseStateEnum_JS_PROMISE_FULFILLED => stringify(core),
                qjs::JSPromiseStateEnum_JS_PROMISE_REJECTED => {
                    let reason = qjs::JS_PromiseResult(ctx, main);
                    describe(core, reason, Kind::Threw);
                }
                _ => {
                    (*core).said.kind = Kind::Waiting;
                    return;
                }
            }
            if (*core).has_rejections && !guard::is_asked() {
                let left = call(ctx, (*core).hooks.leftovers, &mut [main]);
                if qjs::JS_IsException(left) {
                    qjs::JS_FreeValue(ctx, qjs::JS_GetException(ctx));
                } else {
                    (*core).said.leftovers = text(ctx, left);
                }
            }
        }
    }

    /// How far [`run_ticks_and_jobs`] came.
    enum Ran {
        All,
        UntilAsked,
        /// A tick or a callback of `queueMicrotask` threw; the exception is pending.
        UntilThrown,
    }

    /// As in Node: what `process.nextTick` was given comes before jobs that are due, and
    /// what jobs give it after all of them.
    unsafe fn run_ticks_and_jobs(core: *mut Core) -> Ran {
        // SAFETY: as for `entry`. Test: door::tests::a_tick_or_a_microtask_that_throws_ends_the_run.
        unsafe {
            loop {
                while (*core).has_ticks {
                    if guard::is_asked() {
                        return Ran::UntilAsked;
                    }
                    let ctx = (*core).ctx;
                    let taken = call(ctx, (*core).hooks.take_tick, &mut []);
                    if qjs::JS_IsException(taken) {
                        return Ran::UntilThrown;
                    }
                    (*core).has_ticks = qjs::JS_IsObject(taken);
                    if !call_taken(ctx, taken) {
                        return Ran::UntilThrown;
                    }
                }
                match run_jobs(core) {
                    Ran::All if (*core).has_ticks => {}
                    ended => return ended,
                }
            }
        }
    }

    /// The prelude says that it has something for `take_tick`.
    unsafe extern "C" fn tick(
        _ctx: *mut qjs::JSContext,
        _this: qjs::JSValue,
        _argc: c_int,
        _argv: *mut qjs::JSValue,
    ) -> qjs::JSValue {
        let core = CURRENT.get();
        // SAFETY: set inside every entry, and only looked at there. Test:
        // door::tests::a_tick_or_a_microtask_that_throws_ends_the_run.
        unsafe {
            if !core.is_null() {
                (*core).has_ticks = true;
            }
        }
        qjs::JS_UNDEFINED
    }

    /// Jobs of promises keep what they throw: it is a rejection.
    unsafe fn run_jobs(core: *mut Core) -> Ran {
        // SAFETY: as for `entry`. Test:
        // kills::kills_in_the_engine_and_its_collector_leave_nothing_behind.
        unsafe {
            loop {
                if guard::is_asked() {
                    return Ran::UntilAsked;
                }
                let mut ctx = ptr::null_mut();
                match qjs::JS_ExecutePendingJob((*core).rt, &raw mut ctx) {
                    0 => return Ran::All,
                    1 => {}
                    // The engine throws, too, where it was asked to stop.
                    _ if guard::is_asked() => {
                        qjs::JS_FreeValue((*core).ctx, qjs::JS_GetException((*core).ctx));
                        return Ran::UntilAsked;
                    }
                    _ => return Ran::UntilThrown,
                }
            }
        }
    }

    unsafe fn stringify(core: *mut Core) {
        // SAFETY: as for `entry`. Test:
        // contract::what_json_cannot_say_is_an_error_with_its_path.
        unsafe {
            let ctx = (*core).ctx;
            let value = qjs::JS_PromiseResult(ctx, (*core).main);
            // The host quotes ten times as fast as the engine, which looks at one
            // character at a time.
            if qjs::JS_IsString(value) {
                (*core).said.texts[0] = text(ctx, value);
                (*core).said.kind = Kind::ReturnedText;
                return;
            }
            let json = call(ctx, (*core).hooks.stringify, &mut [value]);
            if qjs::JS_IsException(json) {
                return describe_exception(core, Kind::Threw);
            }
            if qjs::JS_IsString(json) {
                (*core).said.texts[0] = text(ctx, json);
                (*core).said.kind = Kind::Returned;
                return;
            }
            for idx in 0..3 {
                let part = qjs::JS_GetPropertyUint32(ctx, json, idx);
                (*core).said.texts[idx as usize] = text(ctx, part);
            }
            (*core).said.kind = Kind::NotJson;
        }
    }

    unsafe fn describe_exception(core: *mut Core, kind: Kind) {
        // SAFETY: as for `entry`. Test: contract::what_is_thrown_need_not_be_an_error.
        unsafe {
            if guard::is_asked() {
                (*core).said.kind = Kind::Stopped;
                return;
            }
            let reason = qjs::JS_GetException((*core).ctx);
            describe(core, reason, kind);
        }
    }

    unsafe fn describe(core: *mut Core, reason: qjs::JSValue, kind: Kind) {
        // SAFETY: as for `entry`. Test: contract::what_is_thrown_need_not_be_an_error.
        unsafe {
            let ctx = (*core).ctx;
            let json = call(ctx, (*core).hooks.describe, &mut [reason]);
            (*core).said.kind = kind;
            if qjs::JS_IsException(json) {
                // `describe` catches what it can; this is the stack's or the
                // watchdog's end. An empty text is described by the host.
                qjs::JS_FreeValue(ctx, qjs::JS_GetException(ctx));
            } else {
                (*core).said.texts[0] = text(ctx, json);
            }
        }
    }

    /// The engine polls this every ten thousand jumps and calls. It reads two
    /// atomics and one number, and never a clock.
    unsafe extern "C" fn on_poll(rt: *mut qjs::JSRuntime, _opaque: *mut c_void) -> c_int {
        #[cfg(test)]
        guard::crash_if_told();
        let core = CURRENT.get();
        // SAFETY: called inside an entry; nothing of the engine is touched but the
        // threshold, which it reads at its next allocation of an object. Test:
        // hostile::every_hostile_one_liner_ends_and_the_next_run_is_pristine.
        unsafe {
            if !core.is_null() {
                let at_latest = (*core).collect_at_latest as qjs::size_t;
                if qjs::JS_GetGCThreshold(rt) > at_latest {
                    qjs::JS_SetGCThreshold(rt, at_latest);
                }
            }
        }
        c_int::from(guard::is_asked())
    }

    unsafe extern "C" fn on_rejection(
        ctx: *mut qjs::JSContext,
        promise: qjs::JSValue,
        reason: qjs::JSValue,
        is_handled: bool,
        _opaque: *mut c_void,
    ) {
        let core = CURRENT.get();
        // SAFETY: the engine calls this inside an entry; hooks are of its context. Test:
        // contract::a_rejection_without_a_handler_is_told_and_kills_nothing.
        unsafe {
            if core.is_null() || qjs::JS_IsUndefined((*core).hooks.rejection) {
                return;
            }
            (*core).has_rejections = true;
            let handled = if is_handled { qjs::JS_TRUE } else { qjs::JS_FALSE };
            let noted = call(ctx, (*core).hooks.rejection, &mut [promise, reason, handled]);
            if qjs::JS_IsException(noted) {
                qjs::JS_FreeValue(ctx, qjs::JS_GetException(ctx));
            } else {
                qjs::JS_FreeValue(ctx, noted);
            }
        }
    }

    /// The one way out. Its first argument is the op's number.
    unsafe extern "C" fn door(
        ctx: *mut qjs::JSContext,
        _this: qjs::JSValue,
        argc: c_int,
        argv: *mut qjs::JSValue,
    ) -> qjs::JSValue {
        let core = CURRENT.get();
        // SAFETY: the engine passes `argc` values at `argv`; the core is set inside every
        // entry. Texts and bytes stay where they are until the op has returned: nothing of
        // the engine runs meanwhile. Test:
        // door::tests::views_of_buffers_that_change_are_read_as_they_are.
        unsafe {
            let argc = usize::try_from(argc).unwrap_or(0);
            if core.is_null() || argc == 0 || argc > MAX_ARGS + 1 {
                return qjs::JS_ThrowTypeError(ctx, c"no such host operation".as_ptr());
            }
            let op = argv.read();
            let op = if qjs::JS_IsInt(op) { qjs::JS_VALUE_GET_INT(op) as u32 } else { u32::MAX };
            let mut args = [RawArg::Undefined; MAX_ARGS];
            let n_args = argc - 1;
            for idx in 0..n_args {
                match raw_arg(ctx, argv.add(idx + 1).read()) {
                    Some(arg) => args[idx] = arg,
                    None => {
                        free_texts(ctx, &args[..idx]);
                        if !qjs::JS_HasException(ctx) {
                            qjs::JS_ThrowTypeError(
                                ctx,
                                c"host operations take primitives and bytes".as_ptr(),
                            );
                        }
                        return qjs::JS_EXCEPTION;
                    }
                }
            }
            guard::disarmed(|| dispatch(core, op, &args[..n_args]));
            free_texts(ctx, &args[..n_args]);
            // The reply is the host's, and stays where it is until the next op. That
            // is why no snippet code may run before it has become the engine's.
            match &(*(*core).host).reply {
                Reply::Throw { name, message } => throw(ctx, name, message),
                reply => value_of(ctx, reply),
            }
        }
    }

    /// Looks into what plain JavaScript cannot see into, for the console:
    /// `[state, result]` of a promise, `[target]` of a proxy. Runs no snippet code.
    unsafe extern "C" fn peek(
        ctx: *mut qjs::JSContext,
        _this: qjs::JSValue,
        argc: c_int,
        argv: *mut qjs::JSValue,
    ) -> qjs::JSValue {
        // SAFETY: as for `door`. Test:
        // platform::snippets_with_habits_of_node_answer_as_in_node.
        unsafe {
            if argc < 1 {
                return qjs::JS_UNDEFINED;
            }
            let value = argv.read();
            let flags = qjs::JS_PROP_C_W_E as c_int;
            if qjs::JS_IsPromise(value) {
                let state = qjs::JS_PromiseState(ctx, value);
                let number = if state == qjs::JSPromiseStateEnum_JS_PROMISE_FULFILLED {
                    1.0
                } else if state == qjs::JSPromiseStateEnum_JS_PROMISE_REJECTED {
                    2.0
                } else {
                    0.0
                };
                let seen = qjs::JS_NewArray(ctx);
                let result = qjs::JS_PromiseResult(ctx, value);
                qjs::JS_DefinePropertyValueUint32(ctx, seen, 0, self::number(number), flags);
                qjs::JS_DefinePropertyValueUint32(ctx, seen, 1, result, flags);
                return seen;
            }
            if qjs::JS_IsProxy(value) {
                let mut target = qjs::JS_GetProxyTarget(ctx, value);
                if qjs::JS_IsException(target) {
                    // Revoked.
                    qjs::JS_FreeValue(ctx, qjs::JS_GetException(ctx));
                    target = qjs::JS_NULL;
                }
                let seen = qjs::JS_NewArray(ctx);
                qjs::JS_DefinePropertyValueUint32(ctx, seen, 0, target, flags);
                return seen;
            }
            qjs::JS_UNDEFINED
        }
    }

    /// A tag check and no conversion: `toString` and friends are snippet code.
    unsafe fn raw_arg(ctx: *mut qjs::JSContext, value: qjs::JSValue) -> Option<RawArg> {
        // SAFETY: as for `door`. Test:
        // door::tests::the_door_calls_nothing_of_its_arguments.
        unsafe {
            let arg = if qjs::JS_IsUndefined(value) {
                RawArg::Undefined
            } else if qjs::JS_IsNull(value) {
                RawArg::Null
            } else if qjs::JS_IsBool(value) {
                RawArg::Bool(qjs::JS_VALUE_GET_BOOL(value))
            } else if qjs::JS_IsInt(value) {
                RawArg::Number(f64::from(qjs::JS_VALUE_GET_INT(value)))
            } else if qjs::JS_IsNumber(value) {
                RawArg::Number(qjs::JS_VALUE_GET_FLOAT64(value))
            } else if qjs::JS_IsString(value) {
                let text = text(ctx, value);
                if text.at.is_null() {
                    return None;
                }
                RawArg::Text(text)
            } else if qjs::JS_IsArrayBuffer(value) {
                RawArg::Bytes(buffer(ctx, value)?)
            } else if qjs::JS_GetTypedArrayType(value) >= 0 {
                RawArg::Bytes(view(ctx, value)?)
            } else {
                return None;
            };
            Some(arg)
        }
    }

    /// The bytes of a typed array. None where they are out of its buffer's bounds.
    unsafe fn view(ctx: *mut qjs::JSContext, value: qjs::JSValue) -> Option<Text> {
        // SAFETY: as for `door`; `value` is a typed array. Test:
        // door::tests::views_of_buffers_that_change_are_read_as_they_are.
        unsafe {
            let (mut offset, mut len, mut step) = (0, 0, 0);
            let whole = qjs::JS_GetTypedArrayBuffer(
                ctx,
                value,
                &raw mut offset,
                &raw mut len,
                &raw mut step,
            );
            if qjs::JS_IsException(whole) {
                return None;
            }
            let bytes = buffer(ctx, whole);
            // The view keeps the buffer alive.
            qjs::JS_FreeValue(ctx, whole);
            let bytes = bytes?;
            let (offset, len, step) = (offset as usize, len as usize, step as usize);
            let to_end = bytes.len.checked_sub(offset)?;
            let to_end = to_end - to_end.checked_rem(step)?;
            // The engine tells the length that a view had at first, also of one that
            // follows its buffer to wherever that ends now.
            let follows = len > to_end || len < to_end && has_index(ctx, value, len / step);
            let len = if follows { to_end } else { len };
            Some(Text { at: bytes.at.wrapping_add(offset), len })
        }
    }

    /// Whether a typed array is longer than `idx`; asks no prototype.
    unsafe fn has_index(ctx: *mut qjs::JSContext, value: qjs::JSValue, idx: usize) -> bool {
        // SAFETY: as for `door`. Without a descriptor to fill, only the existence of the
        // property is told. Test:
        // door::tests::views_of_buffers_that_change_are_read_as_they_are.
        unsafe {
            let atom = qjs::JS_NewAtomUInt32(ctx, idx as u32);
            let has = qjs::JS_GetOwnProperty(ctx, ptr::null_mut(), value, atom) > 0;
            qjs::JS_FreeAtom(ctx, atom);
            has
        }
    }

    unsafe fn buffer(ctx: *mut qjs::JSContext, value: qjs::JSValue) -> Option<Text> {
        // SAFETY: as for `door`; `value` is an ArrayBuffer. Test:
        // door::tests::views_of_buffers_that_change_are_read_as_they_are.
        unsafe {
            let mut len = 0;
            let at = qjs::JS_GetArrayBuffer(ctx, &raw mut len, value);
            if at.is_null() && len != 0 || qjs::JS_HasException(ctx) {
                return None;
            }
            Some(Text { at, len: len as usize })
        }
    }

    /// Texts only live for one op; a long run must not collect them.
    unsafe fn free_texts(ctx: *mut qjs::JSContext, args: &[RawArg]) {
        for arg in args {
            if let RawArg::Text(text) = arg {
                // SAFETY: made by `text` for this call. Test:
                // memory::twenty_thousand_mixed_runs_leave_nothing_behind.
                unsafe { qjs::JS_FreeCString(ctx, text.at.cast()) };
            }
        }
    }

    /// Both texts are the host's and go with its next reply, which may come while
    /// the error is made: its stack runs the snippet's `prepareStackTrace`, and that
    /// may use the door. So they are the engine's before, and not looked at after.
    unsafe fn throw(ctx: *mut qjs::JSContext, name: &str, message: &str) -> qjs::JSValue {
        // SAFETY: as for `entry`; of `name` and `message` as said. The engine formats
        // messages into 256 bytes, so ours is put in afterwards. Test:
        // door::tests::errors_of_the_host_are_whole_whatever_the_snippet_does_while_they_are_made.
        unsafe {
            let message = string(ctx, message);
            let own_name = match name {
                "TypeError" | "RangeError" | "SyntaxError" | "Error" => qjs::JS_UNDEFINED,
                _ => string(ctx, name),
            };
            if qjs::JS_IsException(message) || qjs::JS_IsException(own_name) {
                return qjs::JS_EXCEPTION;
            }
            let error = match name {
                "TypeError" => {
                    qjs::JS_ThrowTypeError(ctx, c"".as_ptr());
                    qjs::JS_GetException(ctx)
                }
                "RangeError" => {
                    qjs::JS_ThrowRangeError(ctx, c"".as_ptr());
                    qjs::JS_GetException(ctx)
                }
                "SyntaxError" => {
                    qjs::JS_ThrowSyntaxError(ctx, c"".as_ptr());
                    qjs::JS_GetException(ctx)
                }
                _ => qjs::JS_NewError(ctx),
            };
            if !qjs::JS_IsObject(error) {
                return qjs::JS_EXCEPTION;
            }
            let flags = (qjs::JS_PROP_CONFIGURABLE | qjs::JS_PROP_WRITABLE) as c_int;
            if !qjs::JS_IsUndefined(own_name) {
                qjs::JS_DefinePropertyValueStr(ctx, error, c"name".as_ptr(), own_name, flags);
            }
            qjs::JS_DefinePropertyValueStr(ctx, error, c"message".as_ptr(), message, flags);
            qjs::JS_Throw(ctx, error)
        }
    }

    unsafe fn value_of(ctx: *mut qjs::JSContext, reply: &Reply) -> qjs::JSValue {
        // SAFETY: as for `entry`. Test:
        // door::tests::errors_of_the_host_are_whole_whatever_the_snippet_does_while_they_are_made.
        unsafe {
            match reply {
                Reply::Undefined | Reply::Throw { .. } => qjs::JS_UNDEFINED,
                Reply::Bool(true) => qjs::JS_TRUE,
                Reply::Bool(false) => qjs::JS_FALSE,
                Reply::Number(it) => number(*it),
                Reply::Text(it) => string(ctx, it),
                Reply::Bytes(it) => {
                    qjs::JS_NewArrayBufferCopy(ctx, it.as_ptr(), it.len() as qjs::size_t)
                }
            }
        }
    }

    fn number(it: f64) -> qjs::JSValue {
        qjs::JS_NewFloat64(it)
    }

    unsafe fn string(ctx: *mut qjs::JSContext, it: &str) -> qjs::JSValue {
        // SAFETY: as for `entry`. Test:
        // door::tests::errors_of_the_host_are_whole_whatever_the_snippet_does_while_they_are_made.
        unsafe { qjs::JS_NewStringLen(ctx, it.as_ptr().cast(), it.len() as qjs::size_t) }
    }

    unsafe fn text(ctx: *mut qjs::JSContext, value: qjs::JSValue) -> Text {
        // SAFETY: as for `entry`. Test:
        // door::tests::views_of_buffers_that_change_are_read_as_they_are.
        unsafe {
            let mut len = 0;
            let at = qjs::JS_ToCStringLen2(ctx, &raw mut len, value, false);
            Text { at: at.cast(), len: if at.is_null() { 0 } else { len as usize } }
        }
    }

    unsafe fn call(
        ctx: *mut qjs::JSContext,
        function: qjs::JSValue,
        args: &mut [qjs::JSValue],
    ) -> qjs::JSValue {
        // SAFETY: as for `entry`. Test:
        // door::tests::errors_of_the_host_are_whole_whatever_the_snippet_does_while_they_are_made.
        unsafe {
            let (n_args, args) = (args.len() as c_int, args.as_mut_ptr());
            qjs::JS_Call(ctx, function, qjs::JS_UNDEFINED, n_args, args)
        }
    }
}

#[cfg(test)]
mod looks;
#[cfg(test)]
mod tests;
