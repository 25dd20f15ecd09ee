//! What a run that waits is, copied aside, so that its heap can serve others.
//!
//! A run that waits has nothing on the C stack: all of it lies in the image pages
//! that it changed, in the used part of scratch, and in the control block of
//! scratch's allocator. [`Heap::suspend`] copies these and rolls the heap back;
//! [`Heap::resume`] copies them in again, to the same addresses. This module does
//! not know which run a delta is of, nor how many there may be.
//!
//! What makes it sound:
//!
//! - A delta goes back to the heap that it came from, which [`Heap::resume`]
//!   checks: the bytes are full of addresses.
//! - The control block is moved, not copied: `Tlsf` is a plain value that points
//!   into the region and that nothing in the region points to.
//! - Pages that the tracker calls written and that equal the pristine ones are
//!   left out; every other page of the image is pristine after the rollback. So
//!   image = pristine + delta, byte by byte
//!   (`delta::tests::a_delta_restores_every_byte`, for each tracking).
//! - Copying in is writing: the tracker sees these pages as it sees those of the
//!   engine, so that the next rollback finds them.

use std::{fmt, mem, ops::Range, ptr, rc::Rc};

use super::super::SuspendError;
use super::{Blocks, Heap, LINK_BYTES, Mapping, range_advice};

/// Buffers that a heap keeps for its next deltas: the faults of new memory cost
/// more than all the copying.
const KEEP_SPARE: usize = 4 << 20;
/// Buffers come in multiples of this, so that they fit more than one delta.
const BUFFER_STEP: usize = 64 << 10;

/// One suspended run's memory.
pub(crate) struct Delta {
    /// Image pages that differ from the pristine ones.
    pages: Vec<Range<usize>>,
    /// Their bytes, then scratch from its start, then its last few bytes.
    buffer: Mapping,
    n_bytes: usize,
    scratch_bytes: usize,
    blocks: Box<Blocks>,
    high: usize,
    refused: bool,
    home: Rc<Home>,
}

/// Tells one heap from another that is later mapped at the same address.
#[derive(Debug, Default)]
pub(super) struct Home {
    /// `Rc::ptr_eq` says nothing about values without a size.
    _size: u8,
}

/// Buffers without a delta.
#[derive(Default)]
pub(super) struct Spares {
    buffers: Vec<Mapping>,
    n_bytes: usize,
}

impl Delta {
    /// Bytes that were copied aside.
    pub(crate) fn n_bytes(&self) -> usize {
        self.n_bytes
    }
}

impl fmt::Debug for Delta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delta").field("n_bytes", &self.n_bytes).finish_non_exhaustive()
    }
}

impl Heap {
    /// Copies the run aside and rolls back. `may` is asked whether so many bytes
    /// may be kept; on an error nothing changes.
    ///
    /// Only between entries: no engine code may be on the stack of any thread.
    pub(crate) fn suspend<E>(
        &mut self,
        may: impl FnOnce(usize) -> Result<(), E>,
    ) -> Result<Delta, SuspendError<E>> {
        let n_written = self.find_written();
        self.leave_out_unchanged();
        let page_bytes: usize = self.written.iter().map(Range::len).sum();
        let space = self.space_ref();
        let scratch = space.scratch.clone();
        let scratch_bytes = (space.high + LINK_BYTES - scratch.start).min(scratch.len());
        let n_bytes = page_bytes + scratch_bytes + LINK_BYTES;
        may(n_bytes).map_err(SuspendError::NotNow)?;
        let buffer = self.spares.take(n_bytes).ok_or(SuspendError::Memory { n_bytes })?;

        let mut to = buffer.start();
        let last = scratch.end - LINK_BYTES..scratch.end;
        let used = scratch.start..scratch.start + scratch_bytes;
        for from in self.written.iter().chain([&used, &last]) {
            // SAFETY: the ranges lie in the image and in scratch, which are mapped and
            // which nobody writes to while no engine runs; `take` answers a buffer of at
            // least the sum of their lengths. Test:
            // delta::tests::a_delta_restores_every_byte.
            unsafe {
                ptr::copy_nonoverlapping(from.start as *const u8, to as *mut u8, from.len());
            }
            to += from.len();
        }
        let pages = self.written.clone();
        let space = self.space_mut();
        let blocks = Box::new(mem::replace(&mut space.scratch_blocks, Blocks::new()));
        let (high, refused) = (space.high, space.refused);
        let reached = self.empty_scratch();
        self.put_back(n_written, reached);
        Ok(Delta {
            pages,
            buffer,
            n_bytes,
            scratch_bytes,
            blocks,
            high,
            refused,
            home: Rc::clone(&self.home),
        })
    }

    /// Makes a pristine heap what it was when `delta` was taken from it.
    pub(crate) fn resume(&mut self, delta: Delta) {
        let Delta { pages, buffer, n_bytes: _, scratch_bytes, blocks, high, refused, home } = delta;
        assert!(Rc::ptr_eq(&home, &self.home), "a delta goes back to where it came from");
        let space = self.space_mut();
        let last = space.scratch.end - LINK_BYTES..space.scratch.end;
        let used = space.scratch.start..space.scratch.start + scratch_bytes;
        space.scratch_blocks = *blocks;
        space.high = high;
        space.refused = refused;
        let mut from = buffer.start();
        for to in pages.iter().chain([&used, &last]) {
            // SAFETY: as in `suspend`, the other way: the same ranges of the same heap,
            // which no engine runs in. Test: delta::tests::a_delta_restores_every_byte.
            unsafe {
                ptr::copy_nonoverlapping(from as *const u8, to.start as *mut u8, to.len());
            }
            from += to.len();
        }
        self.spares.give(buffer);
    }
}

impl Spares {
    /// A buffer of at least `n_bytes`, and not of many times as much.
    fn take(&mut self, n_bytes: usize) -> Option<Mapping> {
        let fits = |buffer: &Mapping| (n_bytes..=2 * n_bytes + BUFFER_STEP).contains(&buffer.len);
        if let Some(idx) = self.buffers.iter().rposition(fits) {
            let buffer = self.buffers.swap_remove(idx);
            self.n_bytes -= buffer.len;
            return Some(buffer);
        }
        Mapping::buffer(n_bytes.next_multiple_of(BUFFER_STEP)).ok()
    }

    /// Keeps the buffer, or gives it back to the system.
    fn give(&mut self, buffer: Mapping) {
        if self.n_bytes + buffer.len <= KEEP_SPARE {
            self.n_bytes += buffer.len;
            self.buffers.push(buffer);
        }
    }
}

impl Mapping {
    /// Memory that is there at once, and as private as the heap.
    fn buffer(len: usize) -> std::io::Result<Mapping> {
        #[cfg(target_os = "linux")]
        let flags = libc::MAP_PRIVATE | libc::MAP_ANON | libc::MAP_POPULATE;
        #[cfg(not(target_os = "linux"))]
        let flags = libc::MAP_PRIVATE | libc::MAP_ANON;
        let buffer = Mapping::map(len, libc::PROT_READ | libc::PROT_WRITE, flags, None)?;
        for advice in range_advice() {
            // SAFETY: the range is ours; none of these advices changes content. Test:
            // delta::tests::few_buffers_are_kept.
            unsafe { libc::madvise(buffer.at.as_ptr(), buffer.len, *advice) };
        }
        Ok(buffer)
    }
}

#[cfg(test)]
mod tests {
    use std::{convert::Infallible, ffi::c_void};

    use rquickjs::qjs;

    use super::{super::page_bytes, *};
    use crate::isolate::{Tracking, Verify};

    /// An image of two hundred blocks of 5,000 bytes.
    fn heap(tracking: Tracking) -> (Heap, Vec<*mut u8>) {
        let (mut heap, file) = Heap::reserve(4 << 20, tracking, Verify::EachRollback).unwrap();
        let blocks = (0..200).map(|_| allocate(&heap, 5_000)).collect();
        heap.seal(file).unwrap();
        (heap, blocks)
    }

    fn allocate(heap: &Heap, size: usize) -> *mut u8 {
        let (functions, opaque) = heap.allocator();
        // SAFETY: the allocator's own function and opaque, as the engine calls it;
        // there is room, so it does not leave.
        unsafe { functions.js_malloc.unwrap()(opaque, size as qjs::size_t).cast() }
    }

    fn free(heap: &Heap, block: *mut u8) {
        let (functions, opaque): (_, *mut c_void) = heap.allocator();
        // SAFETY: as above; every caller got the block from `allocate`.
        unsafe { functions.js_free.unwrap()(opaque, block.cast()) }
    }

    /// What a run might do: writes here and there, takes and gives back blocks.
    fn work(heap: &Heap, image: &[*mut u8], seed: usize) -> Vec<*mut u8> {
        for (idx, block) in image.iter().enumerate().filter(|(idx, _)| idx % 7 == seed % 7) {
            // SAFETY: image blocks have 5,000 bytes.
            unsafe { block.add(idx * 20).write(seed as u8 + 1) };
        }
        let mut blocks = Vec::new();
        for round in 0..100 {
            let size = 100 + (round * seed * 37) % 9_000;
            let block = allocate(heap, size);
            // SAFETY: just given out, of this size.
            unsafe { ptr::write_bytes(block, round as u8 ^ seed as u8, size) };
            if round % 3 == 1 {
                free(heap, block);
            } else {
                blocks.push(block);
            }
        }
        blocks
    }

    fn content(heap: &Heap) -> (Vec<u8>, Vec<u8>) {
        let space = heap.space_ref();
        let copy = |range: &Range<usize>| {
            heap.bytes(range.start as *const u8, range.len()).unwrap().to_vec()
        };
        (copy(&space.image), copy(&space.scratch))
    }

    fn suspend(heap: &mut Heap) -> Delta {
        heap.suspend(|_| Ok::<(), Infallible>(())).unwrap()
    }

    #[test]
    fn a_delta_restores_every_byte() {
        for tracking in [Tracking::Userfault, Tracking::Scan, Tracking::Pagemap, Tracking::Whole] {
            let (mut heap, image) = heap(tracking);
            let mut waiting = Vec::new();
            for seed in 1..6 {
                let blocks = work(&heap, &image, seed);
                waiting.push((content(&heap), blocks, suspend(&mut heap)));
                // Somebody who does not wait.
                work(&heap, &image, seed + 10);
                heap.rollback();
            }
            for (before, blocks, delta) in waiting.into_iter().rev() {
                heap.resume(delta);
                assert!(content(&heap) == before, "{tracking:?}: not what was suspended");
                // Its allocator goes on where it was, and twice is no different.
                blocks.into_iter().for_each(|block| free(&heap, block));
                let rest = allocate(&heap, 3 << 20);
                assert!(!rest.is_null());
                let before = content(&heap);
                let again = suspend(&mut heap);
                heap.resume(again);
                assert!(content(&heap) == before, "{tracking:?}: not the same the second time");
                heap.rollback();
            }
        }
    }

    #[test]
    fn unchanged_pages_are_left_out() {
        for tracking in [Tracking::Best, Tracking::Whole] {
            let (mut heap, image) = heap(tracking);
            for block in &image {
                // SAFETY: image blocks have 5,000 bytes. A write of what is there.
                unsafe { block.write(block.read()) };
            }
            // SAFETY: likewise.
            unsafe { image[100].write(image[100].read() ^ 1) };
            let delta = suspend(&mut heap);
            assert_eq!(delta.n_bytes(), page_bytes() + 2 * LINK_BYTES);
        }
    }

    #[test]
    fn a_refused_suspension_changes_nothing() {
        let (mut heap, image) = heap(Tracking::Best);
        work(&heap, &image, 3);
        let before = content(&heap);
        let refused = heap.suspend(Err);
        assert!(matches!(refused, Err(SuspendError::NotNow(n_bytes)) if n_bytes > 0));
        assert!(content(&heap) == before);
    }

    #[test]
    fn a_delta_of_another_heap_is_refused() {
        let (mut first, _) = heap(Tracking::Best);
        let (mut second, image) = heap(Tracking::Best);
        let delta = suspend(&mut first);
        let before = content(&second);
        let resumed =
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| second.resume(delta)));
        assert!(resumed.is_err());
        assert!(content(&second) == before);
        work(&second, &image, 1);
    }

    #[test]
    fn few_buffers_are_kept() {
        let (mut heap, image) = heap(Tracking::Best);
        let mut waiting = Vec::new();
        for _ in 0..20 {
            work(&heap, &image, 1);
            allocate(&heap, 1 << 20);
            waiting.push(suspend(&mut heap));
        }
        for delta in waiting {
            heap.resume(delta);
            heap.rollback();
        }
        assert!((1..=KEEP_SPARE).contains(&heap.spares.n_bytes), "{}", heap.spares.n_bytes);
        let kept = heap.spares.buffers.len();
        let delta = suspend(&mut heap);
        assert_eq!(heap.spares.buffers.len(), kept, "small deltas take no large buffer");
        drop(delta);
    }
}
