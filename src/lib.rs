//! The kernel that language models run their TypeScript in.
//!
//! # How a run is pristine, warm and mortal
//!
//! Three promises make this crate: every run starts in an engine in which nothing
//! has ever run, with every library loaded; that costs microseconds; and every run
//! ends at its deadline, whatever it does. One mechanism keeps them all.
//!
//! **The engine lives in a box.** QuickJS takes its allocator as a parameter. Ours
//! ([`isolate`]'s `heap.rs`) serves it one reserved range of addresses: an *image*
//! and a *scratch* region between guard pages. Nothing of the engine is anywhere
//! else, so whoever puts the range back has put the engine back: atoms, shapes,
//! prototypes, jobs, pending exceptions and all.
//!
//! **The box is filled once and sealed.** A worker builds its isolate in the image,
//! which is a shared mapping of a memory file: engine, prelude, bundles, and a
//! first run that warms tables up. Then the same file is mapped again, privately,
//! and sealed against writes. It is the pristine copy; a page of the image costs
//! memory of its own only once a run has written to it.
//!
//! **A run gets scratch, and a rollback takes everything away.** New blocks come
//! from scratch, whose size is the memory limit. After the answer is sent, the
//! pages of the image that were written are found (the system tells) and copied
//! back from the file, scratch is wiped, and its allocator starts afresh. The
//! engine is never torn down, only unmapped.
//!
//! **A run that waits can step aside.** Between two turns nothing of it is on the
//! C stack: all that it is lies in the pages it changed and in scratch. When
//! somebody else needs the worker, that delta is copied out, the isolate rolled
//! back, and the delta copied in again, into the same isolate, when its timer or
//! call is due and its turn comes (`worker.rs`, `heap/delta.rs`).
//!
//! **Because it can be rolled back, it can be left.** All engine code runs *armed*,
//! between the two ends of one C function (`guard.c`). A run that does not react to
//! being asked, by a flag that the interpreter polls, is left by `siglongjmp` out
//! of a signal handler, at whatever instruction it is. The same way out serves an
//! exhausted scratch, which the engine would not survive being told about, and a
//! fault inside the engine, after which the isolate is built anew.
//!
//! **One door leads out.** Host code must not be left half-way. So the only
//! function that the engine can call (`door.rs`) takes primitives and bytes,
//! converts nothing, disarms the guard, lets Rust work on plain data, and arms it
//! again; a kill that came meanwhile acts then. Rust never holds a value of the
//! engine, and what works longer works beside the run and ends with it.
//!
//! # What must stay true, and what watches it
//!
//! | Invariant | Watched by |
//! | --- | --- |
//! | After a rollback, image and scratch are byte for byte what they were at the seal, however the run ended and however writes are tracked. | `heap::tests::rollback_restores_every_byte`, and every test with `Verify::EachRollback` |
//! | Memory that the system does not take back is wiped or copied. | `heap::tests::memory_that_the_system_will_not_take_back_…` |
//! | A cleared block is clear, without clearing what is clean. | `heap::tests::cleared_blocks_are_clear_…` |
//! | Only a request for more than the whole budget is refused; everything else that does not fit leaves the engine. | `heap::tests::only_what_exceeds_the_whole_budget_is_refused`, `tests/it/hostile.rs` |
//! | Neither a child process nor a core dump sees an isolate, and nobody can change a sealed file. | `heap::tests::no_child_and_no_core_dump_…`, `…::nobody_can_write_to_a_sealed_file` |
//! | The collector knows the sizes of blocks and leaves the image alone. | `isolate::tests::garbage_in_cycles_…` |
//! | No jump crosses a destructor or leaves a lock held: armed code is the engine's, the allocator's and `door::armed`, and nothing else. | `tests/it/kills.rs` |
//! | A kill ends the run that it means, and that run for certain. | `guard::tests::late_kill_…`, `…::late_signal_…`, `…::kill_while_disarmed_…` |
//! | A fault in the engine costs that run alone; one anywhere else is not ours. | `guard::tests::fault_…`, `…::kill_while_a_fault_is_handled_…`, `door::tests::a_fault_in_the_engine_…` |
//! | A worker takes no signals but kills and faults. | `guard::tests::workers_take_no_signals_…` |
//! | An entry is never inside another. | `guard::tests::entry_inside_an_entry_…` |
//! | No snippet code runs while the guard is disarmed. | `door::tests::the_door_calls_nothing_of_its_arguments` |
//! | What the host says is the engine's before any snippet code runs. | `door::tests::errors_of_the_host_are_whole_…` |
//! | The host reads of a buffer what its view shows at that moment, and nothing beyond. | `door::tests::views_of_buffers_that_change_…` |
//! | No operation of the host works for long without a look at whether its run is over. | `door::looks::no_operation_works_long_…` |
//! | Every `unsafe` block names a test that would notice. | `tests/it/rules.rs` |
//! | Nothing drawn or timed gets into an image; runs draw their own. | `door::tests::a_bundle_that_draws_…`, `tests/it/pristine.rs` |
//! | An isolate can be dropped at any point. | `door::tests::an_isolate_can_be_dropped_at_any_point` |
//! | The engine's stack has the same room wherever a run begins, and does not stay resident. | `isolate::tests::recursion_has_the_same_room_…`, `guard::tests::a_deep_stack_…` |
//! | A suspended run comes back byte for byte, to no isolate but its own, and leaves nothing there meanwhile. | `heap::delta::tests`, `isolate::tests::a_thousand_suspended_runs_…`, `…::suspended_runs_leave_no_byte_…` |
//! | Waiting and queued jobs end at their deadline too, whatever their worker does; a crash ends what was suspended on its isolate. | `tests/it/waiting.rs`, `pool::tests` |
//! | Who was ready first goes first; nobody is suspended for nobody. | `tests/it/waiting.rs`, `pool::queue::tests` |
//! | A client's lines are read in order and once, by its task or by the worker that has just answered it. | `kernel::connection::sequel::tests`, `tests/it/kernel.rs` |
//! | Nothing of a run is there in the next. | `tests/it/pristine.rs` |
//! | A run is in an isolate of its preset and of no other; what a bundle does while it loads is bounded. | `tests/it/presets.rs` |
//! | Every run ends at its deadline. | `tests/it/hostile.rs`; measured by `benches/hostile.rs` |
//! | No run makes the rollbacks slow that follow it. | `heap::tests::one_run_that_writes_everywhere_…`; measured by `benches/parts.rs` |
//! | A worker stays below its limit + 16 MiB, and as large after many runs as after few. | `tests/it/memory.rs` |
//! | The engine is spoken to through its C interface only: the binding keeps pointers into the heap in Rust maps. | `tests/it/rules.rs` |
//!
//! Panics unwind: a job that panics loses its isolate, not its worker
//! (`panic = "abort"` would take the kernel down).
//!
//! What this does not give is said as plainly: an engine in C is not a hardened
//! sandbox. A bug in it that writes outside its heap could reach this process.
#![cfg_attr(not(test), warn(clippy::unwrap_used))]

pub mod advice;
pub mod api;
pub mod aws;
pub mod cli;
pub mod client;
pub mod endpoint;
pub mod glance;
pub mod isolate;
pub mod kernel;
pub mod lockdown;
pub mod net;
pub mod policy;
pub mod pool;
pub mod preset;
pub mod pretty;
pub mod prompt;
pub mod protocol;
pub mod service;
pub mod spelling;
pub mod telemetry;
pub mod token;
pub mod transpile;
pub mod watchdog;
pub(crate) mod worker;
