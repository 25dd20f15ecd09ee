//! The one entry into the engine, and the exits that nothing in it can refuse.
//!
//! [`Guard::enter`] calls C code *armed*: a signal that means the current run, a
//! fault, or an exhausted heap leaves that code by `siglongjmp`, at any
//! instruction. `guard.c` holds the mechanism; this file gives it Rust types. It
//! does not know the engine, and it decides nothing: who is to be stopped, and
//! when, is the watchdog's business.
//!
//! What makes the jump sound:
//!
//! - It crosses C frames and Rust frames without destructors only. Everything
//!   armed is in `door.rs` and in the allocator callbacks of `heap.rs`.
//! - No lock of the process is taken while armed: the allocator is the heap's
//!   own, `localtime_r` and `__assert_fail` are replaced, and host functions run
//!   disarmed (`tests/it/kills.rs` allocates and formats local dates on another
//!   thread after each of its kills).
//! - Memory that the jump left half changed lies in the heap, which is rolled
//!   back, or in the allocator's control block, which is made anew.
//! - A kill names its run, so that a late one cannot end the next
//!   (`guard::tests::late_signal_does_not_reach_the_next_run`), and one that comes
//!   while disarmed is remembered (`…::kill_while_disarmed_acts_at_arming`).
//! - Workers block every other signal: no jump leaves somebody else's handler.
#![expect(unsafe_code, reason = "signals, jumps, and the C half of the guard")]

use std::{
    ffi::{c_int, c_void},
    fmt, io,
    marker::PhantomData,
    ops::Range,
    rc::Rc,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

use parking_lot::Mutex;

use super::host::RunNumber;

/// Stack on which the handlers run. A jump leaves it at once, so it only has to
/// hold a signal frame (about 3 KiB with AVX-512) and the handler's own.
const ALTERNATE_STACK: usize = 64 << 10;

unsafe extern "C" {
    fn guard_install() -> c_int;
    fn guard_adopt_thread(shared: *const Shared, alternate: *mut c_void, size: usize) -> c_int;
    fn guard_abandon_thread();
    fn guard_kill_signal() -> c_int;
    fn guard_begin_run(run: u64);
    fn guard_end_run();
    fn guard_pending() -> c_int;
    fn guard_enter(body: unsafe extern "C" fn(*mut c_void), argument: *mut c_void) -> c_int;
    fn guard_leave_out_of_memory() -> !;
    fn guard_leave_crashed() -> !;
    fn guard_disarm();
    fn guard_arm();
    fn guard_fault_signal() -> c_int;
    fn guard_is_asked() -> c_int;
}

/// Stack that stays resident between runs.
const STACK_KEPT: usize = 256 << 10;

/// How an entry into the engine ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Exit {
    /// The C code came back. The engine is as it left itself.
    Returned,
    /// Ring 2. The heap must be rolled back before its next use.
    Killed,
    /// The same; the signal came while the thread was not armed, in a host
    /// operation or between two entries, and was held back until it was.
    KilledAtDoor,
    /// Scratch was used up. The heap must be rolled back before its next use.
    OutOfMemory,
    /// A fault or a failed assertion in the engine. The heap must be dropped.
    Crashed { signal: i32 },
}

/// `struct guard_shared` in guard.c.
#[repr(C)]
#[derive(Default)]
struct Shared {
    current_run: AtomicU64,
    asked_run: AtomicU64,
    killed_run: AtomicU64,
}

/// The calling thread's right to enter an engine.
///
/// Not `Send`: the state behind it is thread-local.
pub struct Guard {
    target: Arc<Target>,
    /// The thread's own, as far as it may grow down.
    stack: Range<usize>,
    /// Handlers run on it until `drop` takes it away from the thread.
    _alternate: Box<[u8]>,
    not_send: PhantomData<Rc<()>>,
}

/// A worker as the watchdog sees it.
pub(crate) struct Target {
    shared: Shared,
    /// `None` once the thread no longer takes kills: its id may be reused.
    thread: Mutex<Option<libc::pthread_t>>,
}

impl Guard {
    /// Makes the calling thread a worker. It blocks every signal from here on but
    /// the kill signal and faults. A thread has one guard at a time.
    pub fn adopt_thread() -> io::Result<Guard> {
        static INSTALLED: OnceLock<c_int> = OnceLock::new();
        // SAFETY: called once; installs handlers that do nothing on threads that are not
        // workers. Test: guard::tests::workers_take_no_signals_but_kills_and_faults.
        check(*INSTALLED.get_or_init(|| unsafe { guard_install() }))?;

        let mut alternate = vec![0; ALTERNATE_STACK].into_boxed_slice();
        // SAFETY: a plain question. Test:
        // guard::tests::kill_leaves_the_entry_and_the_thread_can_enter_again.
        let thread = unsafe { libc::pthread_self() };
        let target =
            Arc::new(Target { shared: Shared::default(), thread: Mutex::new(Some(thread)) });
        // SAFETY: both pointees live in the guard, whose `drop` abandons the thread first.
        // The target is behind an `Arc`, so it does not move. Test:
        // guard::tests::the_end_of_the_stack_in_an_entry_is_an_exit.
        check(unsafe {
            guard_adopt_thread(&target.shared, alternate.as_mut_ptr().cast(), alternate.len())
        })?;
        let stack = stack_of_this_thread();
        Ok(Guard { target, stack, _alternate: alternate, not_send: PhantomData })
    }

    pub(crate) fn target(&self) -> Arc<Target> {
        Arc::clone(&self.target)
    }

    /// From here to [`Guard::end_run`], the watchdog can mean this thread by `run`.
    pub fn begin_run(&self, run: RunNumber) {
        // SAFETY: this thread was adopted. Test:
        // guard::tests::late_signal_does_not_reach_the_next_run.
        unsafe { guard_begin_run(run) };
    }

    pub fn end_run(&self) {
        // SAFETY: this thread was adopted. Test:
        // guard::tests::a_kill_that_was_not_acted_on_ends_with_its_run.
        unsafe { guard_end_run() };
    }

    /// Whether the current run was asked to stop (ring 1) or killed while it was
    /// not in the engine (ring 2).
    pub(crate) fn is_stopping(&self) -> bool {
        // SAFETY: this thread was adopted. Test:
        // guard::tests::kill_while_disarmed_acts_at_arming.
        unsafe { guard_pending() != 0 || is_asked() }
    }

    /// Gives the part of the stack back to the system that nobody is on: one deep
    /// recursion would stay resident for ever.
    pub(crate) fn trim_stack(&self) {
        let here = (&raw const self as usize).saturating_sub(STACK_KEPT) & !0xffff;
        if self.stack.contains(&here) {
            let unused = here - self.stack.start;
            // SAFETY: this thread's own stack, far below its top; whatever is called next
            // finds zeros where it finds garbage otherwise. Test:
            // guard::tests::a_deep_stack_does_not_stay_resident.
            unsafe { libc::madvise(self.stack.start as *mut c_void, unused, libc::MADV_DONTNEED) };
        }
    }

    /// Calls `body(argument)` armed.
    ///
    /// # Safety
    ///
    /// `body` may be abandoned at any instruction: it owns nothing that has a
    /// destructor, takes no lock, and what it writes is either discarded after
    /// an [`Exit`] other than `Returned` or valid at every instant.
    pub(crate) unsafe fn enter(
        &self,
        body: unsafe extern "C" fn(*mut c_void),
        argument: *mut c_void,
    ) -> Exit {
        // SAFETY: passed on to the caller. Test:
        // kills::kills_in_the_engine_and_its_collector_leave_nothing_behind.
        match unsafe { guard_enter(body, argument) } {
            0 => Exit::Returned,
            1 => Exit::Killed,
            2 => Exit::OutOfMemory,
            4 => Exit::KilledAtDoor,
            5 => panic!("an entry inside an entry would overwrite the way out"),
            // SAFETY: a plain read of this thread's state. Test:
            // guard::tests::fault_in_an_entry_is_an_exit.
            _ => Exit::Crashed { signal: unsafe { guard_fault_signal() } },
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // First no more signals to this thread, then no more stack for them.
        *self.target.thread.lock() = None;
        // SAFETY: this thread was adopted, and is not in an entry: `enter` borrows the
        // guard. Test: guard::tests::fault_outside_an_entry_goes_to_who_was_there_before.
        unsafe { guard_abandon_thread() };
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Guard")
    }
}

impl Target {
    /// Ring 1: the engine's next poll throws what the snippet cannot catch. Does
    /// nothing when the run is over or waits.
    pub(crate) fn ask(&self, run: RunNumber) {
        if self.is_current(run) {
            self.shared.asked_run.store(run, Ordering::SeqCst);
        }
    }

    /// Ring 2: the run ends now if it is in the engine, else as soon as it wants
    /// back in. Does nothing when the run is over or waits.
    pub(crate) fn kill(&self, run: RunNumber) {
        let thread = self.thread.lock();
        let Some(thread) = *thread else { return };
        if !self.is_current(run) {
            return;
        }
        // The handler compares this with the run it finds.
        self.shared.killed_run.store(run, Ordering::SeqCst);
        // SAFETY: the lock keeps the thread from ending. Test:
        // guard::tests::kill_leaves_the_entry_and_the_thread_can_enter_again.
        unsafe { libc::pthread_kill(thread, guard_kill_signal()) };
    }

    /// There is one slot for who is asked and one for who is killed, and a worker
    /// has many runs: a stop of one that waits must not take the slot from the one
    /// that is running. Only one thread stops runs, so whoever was in a slot before
    /// this check is not current any more.
    fn is_current(&self, run: RunNumber) -> bool {
        self.shared.current_run.load(Ordering::SeqCst) == run
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target").field("current_run", &self.shared.current_run).finish()
    }
}

/// Fault injection: a thread whose next poll in the engine crashes.
#[cfg(test)]
static CRASHING: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);

#[cfg(test)]
impl Target {
    /// Crashes the worker's engine as soon as it runs snippet code.
    pub(crate) fn crash(&self) {
        let thread = self.thread.lock().expect("the worker lives");
        CRASHING.store(thread as usize, Ordering::SeqCst);
    }
}

/// Only from the armed region.
#[cfg(test)]
pub(crate) fn crash_if_told() {
    // SAFETY: a plain question. Test:
    // faults::an_engine_that_crashes_behind_the_lock_is_rebuilt.
    let thread = unsafe { libc::pthread_self() } as usize;
    if CRASHING.compare_exchange(thread, 0, Ordering::SeqCst, Ordering::SeqCst).is_ok() {
        leave_crashed();
    }
}

/// How long the calling thread works in operations of the host between two looks at
/// whether its run is over: in its own processor time, since other tests want the
/// machine too.
#[cfg(test)]
pub(crate) mod looks {
    use std::{cell::Cell, time::Duration};

    thread_local! {
        static LAST: Cell<Option<Duration>> = const { Cell::new(None) };
        static LONGEST: Cell<Duration> = const { Cell::new(Duration::ZERO) };
    }

    pub(crate) fn begin() {
        LAST.set(Some(now()));
    }

    pub(super) fn look() {
        if let Some(last) = LAST.get() {
            let now = now();
            LONGEST.set(LONGEST.get().max(now - last));
            LAST.set(Some(now));
        }
    }

    pub(crate) fn end() {
        look();
        LAST.set(None);
    }

    pub(crate) fn take_longest() -> Duration {
        LONGEST.take()
    }

    fn now() -> Duration {
        let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: a plain question; the answer lives on this stack. Test:
        // looks::no_operation_works_long_without_a_look_at_its_run.
        unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut now) };
        Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
    }
}

/// Whether the watchdog wants the current run to stop.
pub(crate) fn is_asked() -> bool {
    #[cfg(test)]
    looks::look();
    // SAFETY: reads two atomics of the adopted thread. Test:
    // looks::no_operation_works_long_without_a_look_at_its_run.
    unsafe { guard_is_asked() != 0 }
}

/// Ends the current entry: scratch is used up.
pub(crate) fn leave_out_of_memory() -> ! {
    // SAFETY: only the allocator callbacks call this, and they run armed; were they not, it
    // aborts. Test: contract::a_heap_that_is_full_ends_the_run_with_its_limit.
    unsafe { guard_leave_out_of_memory() }
}

/// Ends the current entry: the heap is not what its allocator left.
pub(crate) fn leave_crashed() -> ! {
    // SAFETY: as for `leave_out_of_memory`. Test:
    // door::tests::a_fault_in_the_engine_costs_that_run_alone.
    unsafe { guard_leave_crashed() }
}

/// Runs `host` where no jump may happen. It may allocate, lock and drop.
///
/// # Safety
///
/// The caller is armed, and owns nothing that has a destructor: a kill that came
/// meanwhile leaves at the end of this call. `host` must not panic.
pub(crate) unsafe fn disarmed(host: impl FnOnce()) {
    // SAFETY: as the caller promises. Test:
    // kills::kills_in_host_operations_wait_until_these_are_over.
    unsafe {
        guard_disarm();
        host();
        guard_arm();
    }
}

/// Where the calling thread's stack lies; nowhere, if the system does not say.
fn stack_of_this_thread() -> Range<usize> {
    #[cfg(target_os = "linux")]
    // SAFETY: asks for the attributes of the calling thread; they are destroyed once, after
    // their last use. Test: guard::tests::a_deep_stack_does_not_stay_resident.
    unsafe {
        let mut attributes: libc::pthread_attr_t = std::mem::zeroed();
        if libc::pthread_getattr_np(libc::pthread_self(), &raw mut attributes) == 0 {
            let (mut start, mut len) = (std::ptr::null_mut(), 0);
            let known =
                libc::pthread_attr_getstack(&raw const attributes, &raw mut start, &raw mut len);
            libc::pthread_attr_destroy(&raw mut attributes);
            if known == 0 {
                return start as usize..start as usize + len;
            }
        }
    }
    0..0
}

fn check(errno: c_int) -> io::Result<()> {
    if errno == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(errno)) }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::AtomicBool,
        time::{Duration, Instant},
    };

    use super::*;

    /// Stays in the engine until a jump ends it, or comes back much too late.
    fn wait_for_the_jump() {
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(20) {
            std::hint::spin_loop();
        }
    }

    /// Says that it is in, then waits.
    unsafe extern "C" fn spin(entered: *mut c_void) {
        // SAFETY: `killed_by_another_thread` passes a flag that outlives the entry.
        unsafe { (*entered.cast::<AtomicBool>()).store(true, Ordering::SeqCst) };
        wait_for_the_jump();
    }

    /// Kills must come from elsewhere: `Target::kill` holds a lock, which a jump
    /// out of the killer's own signal would leave held.
    fn killed_by_another_thread(guard: &Guard, run: RunNumber) -> Exit {
        let entered = AtomicBool::new(false);
        let target = guard.target();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !entered.load(Ordering::SeqCst) {
                    std::thread::yield_now();
                }
                target.kill(run);
            });
            // SAFETY: `spin` owns nothing.
            unsafe { guard.enter(spin, (&raw const entered).cast_mut().cast()) }
        })
    }

    unsafe extern "C" fn nothing(_: *mut c_void) {}

    unsafe extern "C" fn read_null(_: *mut c_void) {
        let nowhere = std::ptr::without_provenance::<u8>(8);
        // SAFETY: none; this is the fault under test.
        std::hint::black_box(unsafe { nowhere.read_volatile() });
    }

    impl Target {
        /// A kill by the thread itself, which must not hold the lock.
        fn kill_here(&self, run: RunNumber) {
            self.shared.killed_run.store(run, Ordering::SeqCst);
            // SAFETY: a plain call.
            unsafe { libc::pthread_kill(libc::pthread_self(), guard_kill_signal()) };
        }
    }

    unsafe extern "C" fn kill_in_the_door_and_spin(target: *mut c_void) {
        // SAFETY: as above; nothing here has a destructor.
        unsafe { disarmed(|| (*target.cast::<Target>()).kill_here(1)) };
        wait_for_the_jump();
    }

    /// Lets in what waits for this thread, in the middle of an entry.
    unsafe extern "C" fn take_signals(_: *mut c_void) {
        set_mask(libc::SIG_UNBLOCK);
    }

    fn set_mask(how: c_int) {
        // SAFETY: plain calls; the set lives on this stack.
        unsafe {
            let mut kills: libc::sigset_t = std::mem::zeroed();
            libc::sigaddset(&raw mut kills, guard_kill_signal());
            libc::pthread_sigmask(how, &raw const kills, std::ptr::null_mut());
        }
    }

    fn enter(guard: &Guard, body: unsafe extern "C" fn(*mut c_void)) -> Exit {
        let target = guard.target();
        // SAFETY: the bodies above own nothing.
        unsafe { guard.enter(body, Arc::as_ptr(&target).cast_mut().cast()) }
    }

    #[test]
    fn kill_leaves_the_entry_and_the_thread_can_enter_again() {
        let guard = Guard::adopt_thread().unwrap();
        guard.begin_run(1);
        assert_eq!(killed_by_another_thread(&guard, 1), Exit::Killed);
        guard.begin_run(2);
        assert_eq!(enter(&guard, nothing), Exit::Returned);
    }

    #[test]
    fn kill_while_disarmed_acts_at_arming() {
        let guard = Guard::adopt_thread().unwrap();
        guard.begin_run(1);
        assert_eq!(enter(&guard, kill_in_the_door_and_spin), Exit::KilledAtDoor);
        // Between two entries as well.
        guard.begin_run(2);
        guard.target().kill(2);
        assert!(guard.is_stopping());
        assert_eq!(enter(&guard, nothing), Exit::KilledAtDoor);
        // And then it is over.
        guard.begin_run(3);
        assert!(!guard.is_stopping());
        assert_eq!(enter(&guard, nothing), Exit::Returned);
    }

    #[test]
    fn late_kill_does_not_reach_the_next_run() {
        let guard = Guard::adopt_thread().unwrap();
        guard.begin_run(1);
        guard.end_run();
        guard.target().kill(1);
        guard.begin_run(2);
        guard.target().kill(1);
        assert_eq!(enter(&guard, nothing), Exit::Returned);
        assert!(!guard.is_stopping());
    }

    /// It came behind the last instruction of its run in the engine.
    #[test]
    fn a_kill_that_was_not_acted_on_ends_with_its_run() {
        let guard = Guard::adopt_thread().unwrap();
        guard.begin_run(1);
        guard.target().kill(1);
        assert!(guard.is_stopping());
        guard.end_run();
        assert!(!guard.is_stopping());
        assert_eq!(enter(&guard, nothing), Exit::Returned);
    }

    /// The signal was on its way when its run ended: only the handler can tell.
    #[test]
    fn late_signal_does_not_reach_the_next_run() {
        let guard = Guard::adopt_thread().unwrap();
        guard.begin_run(1);
        set_mask(libc::SIG_BLOCK);
        guard.target().kill(1);
        guard.end_run();
        guard.begin_run(2);
        assert_eq!(enter(&guard, take_signals), Exit::Returned);
        assert!(!guard.is_stopping());
        // Between two runs as well.
        set_mask(libc::SIG_BLOCK);
        guard.target().kill(2);
        guard.end_run();
        set_mask(libc::SIG_UNBLOCK);
        guard.begin_run(3);
        assert!(!guard.is_stopping());
        assert_eq!(enter(&guard, nothing), Exit::Returned);
    }

    #[test]
    fn fault_in_an_entry_is_an_exit() {
        let guard = Guard::adopt_thread().unwrap();
        guard.begin_run(1);
        for _ in 0..3 {
            assert_eq!(enter(&guard, read_null), Exit::Crashed { signal: libc::SIGSEGV });
            assert_eq!(enter(&guard, fail_assertion), Exit::Crashed { signal: libc::SIGABRT });
            assert_eq!(enter(&guard, abort), Exit::Crashed { signal: libc::SIGABRT });
            assert_eq!(enter(&guard, nothing), Exit::Returned);
        }
    }

    unsafe extern "C" fn abort(_: *mut c_void) {
        std::process::abort();
    }

    #[cfg(target_os = "linux")]
    unsafe extern "C" fn fail_assertion(_: *mut c_void) {
        unsafe extern "C" {
            fn __assert_fail(what: *const i8, file: *const i8, line: u32, name: *const i8) -> !;
        }
        // SAFETY: what the engine's `assert` calls.
        unsafe { __assert_fail(c"1 == 2".as_ptr(), c"x.c".as_ptr(), 1, c"f".as_ptr()) }
    }

    #[cfg(not(target_os = "linux"))]
    use abort as fail_assertion;

    #[expect(unconditional_recursion, reason = "the stack's end is under test")]
    extern "C" fn recurse(depth: *mut c_void) {
        let frame = [depth; 64];
        recurse(std::hint::black_box(&frame).as_ptr().cast_mut().cast());
        std::hint::black_box(frame);
    }

    #[test]
    fn a_deep_stack_does_not_stay_resident() {
        let resident = || {
            let statm = std::fs::read_to_string("/proc/thread-self/smaps").unwrap();
            let marker = 0;
            let at = &raw const marker as usize;
            let mut is_inside = false;
            let kib = statm.lines().find_map(|line| {
                if let Some((start, end)) = line.split(' ').next().unwrap().split_once('-')
                    && let Ok(start) = usize::from_str_radix(start, 16)
                    && let Ok(end) = usize::from_str_radix(end, 16)
                {
                    is_inside = (start..end).contains(&at);
                }
                line.strip_prefix("Rss:").filter(|_| is_inside)
            });
            kib.unwrap().trim().strip_suffix(" kB").unwrap().parse::<usize>().unwrap() << 10
        };
        let worker = std::thread::Builder::new().stack_size(8 << 20);
        let worked = worker.spawn(move || {
            let guard = Guard::adopt_thread().unwrap();
            guard.begin_run(1);
            assert!(matches!(enter(&guard, recurse), Exit::Crashed { .. }));
            assert!(resident() > 7 << 20);
            guard.trim_stack();
            assert!(resident() < 1 << 20, "{} bytes", resident());
        });
        worked.unwrap().join().unwrap();
    }

    /// The engine bounds its own recursion; what it calls does not.
    #[test]
    fn the_end_of_the_stack_in_an_entry_is_an_exit() {
        let guard = Guard::adopt_thread().unwrap();
        guard.begin_run(1);
        for _ in 0..2 {
            let crashed = enter(&guard, recurse);
            assert!(matches!(crashed, Exit::Crashed { signal: libc::SIGSEGV | libc::SIGBUS }));
        }
        assert_eq!(enter(&guard, nothing), Exit::Returned);
    }

    unsafe extern "C" fn fault_and_kill_at_once(target: *mut c_void) {
        // SAFETY: plain calls; the set lives on this stack. Both signals are
        // pending when the last call unblocks them.
        unsafe {
            let mut both: libc::sigset_t = std::mem::zeroed();
            libc::sigaddset(&raw mut both, libc::SIGSEGV);
            libc::sigaddset(&raw mut both, guard_kill_signal());
            libc::pthread_sigmask(libc::SIG_BLOCK, &raw const both, std::ptr::null_mut());
            (*target.cast::<Target>()).kill(1);
            libc::pthread_kill(libc::pthread_self(), libc::SIGSEGV);
            libc::pthread_sigmask(libc::SIG_UNBLOCK, &raw const both, std::ptr::null_mut());
        }
    }

    #[test]
    fn kill_while_a_fault_is_handled_does_not_hide_it() {
        let guard = Guard::adopt_thread().unwrap();
        guard.begin_run(1);
        let exit = enter(&guard, fault_and_kill_at_once);
        assert_eq!(exit, Exit::Crashed { signal: libc::SIGSEGV });
    }

    #[test]
    fn workers_take_no_signals_but_kills_and_faults() {
        let guard = Guard::adopt_thread().unwrap();
        guard.begin_run(1);
        // Also after a jump, which leaves a handler that blocks them all.
        assert_eq!(killed_by_another_thread(&guard, 1), Exit::Killed);
        // SAFETY: asks for the mask; the set lives on this stack.
        let blocked = unsafe {
            let mut mask: libc::sigset_t = std::mem::zeroed();
            libc::pthread_sigmask(libc::SIG_BLOCK, std::ptr::null(), &raw mut mask);
            move |signal| libc::sigismember(&raw const mask, signal) == 1
        };
        for signal in [libc::SIGTERM, libc::SIGINT, libc::SIGCHLD, libc::SIGPIPE, libc::SIGUSR1] {
            assert!(blocked(signal), "{signal} is let through");
        }
        // SAFETY: a plain question.
        for signal in [unsafe { guard_kill_signal() }, libc::SIGSEGV, libc::SIGBUS, libc::SIGABRT] {
            assert!(!blocked(signal), "{signal} is blocked");
        }
    }

    unsafe extern "C" fn enter_again(guard: *mut c_void) {
        // SAFETY: `entry_inside_an_entry_is_refused` passes its guard.
        let guard = unsafe { &*guard.cast::<Guard>() };
        // SAFETY: nothing here has a destructor; the panic stays inside.
        unsafe {
            disarmed(|| {
                let nested = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                    guard.enter(nothing, std::ptr::null_mut())
                }));
                assert!(nested.is_err());
                guard.target().kill(1);
            });
        }
    }

    #[test]
    fn entry_inside_an_entry_is_refused_and_the_way_out_stays() {
        let guard = Guard::adopt_thread().unwrap();
        guard.begin_run(1);
        // SAFETY: `enter_again` owns nothing when it is killed.
        let exit = unsafe { guard.enter(enter_again, (&raw const guard).cast_mut().cast()) };
        assert_eq!(exit, Exit::KilledAtDoor);
        assert_eq!(Guard::adopt_thread().unwrap_err().raw_os_error(), Some(libc::EBUSY));
    }

    /// Overflows the stack of a worker that is not in an entry, in a process of
    /// its own: the fault is Rust's, and Rust says so.
    #[test]
    fn fault_outside_an_entry_goes_to_who_was_there_before() {
        const ASKED: &str = "LLM_KERNEL_TEST_OVERFLOWS";
        if std::env::var_os(ASKED).is_some() {
            let _guard = Guard::adopt_thread().unwrap();
            recurse(std::ptr::null_mut());
        }
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "--nocapture"])
            .arg("isolate::guard::tests::fault_outside_an_entry_goes_to_who_was_there_before")
            .env(ASKED, "1")
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && stderr.contains("overflowed its stack"), "{stderr}");
    }
}
