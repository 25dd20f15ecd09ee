//! The engine's memory: one reserved address range, an image that is sealed
//! once, a scratch region that each run gets empty, and the rollback between.
//!
//! ```text
//! | guard | image: private over the pristine file | guard | scratch | guard |
//! ```
//!
//! While the isolate is *built*, every allocation comes from the image region,
//! which is a shared mapping of a memory file. [`Heap::seal`] maps the same file
//! again, privately: from then on the file is the pristine copy, and a page costs
//! memory of its own only once it is written. While a snippet *runs*, allocations
//! come from scratch, image blocks are never reused, and [`Heap::rollback`] puts
//! every written image page back and empties scratch.
//!
//! The process's own allocator gets its one setting here, since `unsafe` stays here.
//!
//! This module does not know the engine. It never trusts what it finds inside the
//! range further than the range's bounds, and it never asks the process's own
//! allocator while the engine runs.
#![expect(unsafe_code, reason = "memory of the engine: mappings, raw blocks, system calls")]

use std::{
    alloc::Layout,
    ffi::c_void,
    fmt,
    fs::File,
    io,
    ops::Range,
    os::fd::{AsRawFd, FromRawFd, OwnedFd},
    os::unix::fs::FileExt,
    ptr::{self, NonNull},
    rc::Rc,
    slice,
    sync::OnceLock,
};

use rlsf::Tlsf;
use rquickjs::qjs;

pub(crate) use self::delta::Delta;
use self::delta::{Home, Spares};
use super::guard;

mod delta;

/// Address space for the image, and so the most that it may hold. What it really
/// holds is counted at the seal.
pub const IMAGE_RESERVE: usize = 64 << 20;
/// Scratch up to here stays resident while runs need it, and is wiped by hand; what
/// lies above goes back to the system. Faults for 1 MiB cost ten times its wiping.
const KEEP_RESIDENT: usize = 2 << 20;
/// Rollbacks from one look at whether a reset pays, and at how much scratch is
/// needed, to the next. A reset and the faults that follow cost as much as copying
/// 3,000 pages back.
const RESET_EVERY: u32 = 64;
/// Rollbacks from one that counts what its run has really changed to the next.
const COUNT_EVERY: u32 = 16;
/// Private pages that are never worth a reset.
const FEW_PAGES: usize = 32;
/// The allocator writes links behind the last block it gave out; see `rlsf`'s
/// `FreeBlockHdr`.
const LINK_BYTES: usize = 64;
const ALIGN: usize = 16;
/// Blocks of the process's own allocator from here on are mappings of their own; what
/// glibc begins with.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const LARGE_BLOCK: libc::c_int = 128 << 10;
/// What wiped scratch is compared with.
static ZEROS: [u8; 64 << 10] = [0; 64 << 10];

/// 32-byte granules × 2²⁸: blocks of up to 8 GiB in 28 × 32 free lists.
type Blocks = Tlsf<'static, u32, u32, 28, 32>;

/// How written image pages are found. All but the last are Linux's.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Tracking {
    /// The best of the others that this system allows.
    Best,
    /// userfaultfd write-tracking, read through `PAGEMAP_SCAN` (Linux 6.7).
    Userfault,
    /// `PAGEMAP_SCAN` for pages that are not the file's any more (Linux 6.7).
    Scan,
    /// `/proc/self/pagemap`, for the same.
    Pagemap,
    /// None: the rollback copies the whole image.
    Whole,
}

/// Whether the rollback proves that it left nothing behind.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verify {
    Trust,
    /// Compare the whole image with the pristine file, and scratch with zeros.
    EachRollback,
}

/// A range of memory that belongs to one engine.
pub(crate) struct Heap {
    /// Boxed and raw: the engine holds this address as its allocator's opaque.
    space: NonNull<Space>,
    /// The reserved range, guards included.
    reserved: Mapping,
    pristine: Option<Pristine>,
    tracking: Tracking,
    verify: Verify,
    /// Page ranges of the last rollback; kept for its capacity.
    written: Vec<Range<usize>>,
    /// Rollbacks since the last look at whether a reset pays.
    n_rollbacks: u32,
    /// The most pages that a run was seen to change since then.
    changed_pages: usize,
    /// How much of scratch, from its start, may be resident.
    resident: usize,
    /// The most of it that a run was seen to leave since the last look.
    reached_lately: usize,
    spares: Spares,
    home: Rc<Home>,
}

/// What the allocator callbacks see. Only they and the owning worker touch it,
/// both on the same thread, and never at the same time: the worker is inside
/// `guard::enter` while the callbacks run.
struct Space {
    image: Range<usize>,
    scratch: Range<usize>,
    image_blocks: Blocks,
    scratch_blocks: Blocks,
    phase: Phase,
    /// End of the highest byte given out in the region in use.
    high: usize,
    /// Blocks asked of this allocator; lets the builder see an arena being made.
    n_allocations: u64,
    /// A request larger than the whole budget was answered with null.
    refused: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Phase {
    Building,
    Sealed,
}

/// The image as it was sealed.
struct Pristine {
    view: Mapping,
    tracker: Tracker,
}

enum Tracker {
    Userfault { uffd: OwnedFd, pagemap: File },
    Scan { pagemap: File },
    Pagemap { pagemap: File, entries: Vec<u8> },
    Whole,
}

/// What a rollback did, for metrics and tests.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Rollback {
    pub pages_copied: usize,
    pub scratch_bytes: usize,
}

impl Heap {
    /// Reserves the range. `scratch_bytes` is the memory limit of a run.
    pub(crate) fn reserve(
        scratch_bytes: usize,
        tracking: Tracking,
        verify: Verify,
    ) -> io::Result<(Heap, ImageFile)> {
        let page = page_bytes();
        let scratch_bytes = scratch_bytes.next_multiple_of(page).max(1 << 20);
        let reserved = Mapping::reserve(IMAGE_RESERVE + scratch_bytes + 3 * page)?;
        let image = reserved.start() + page;
        let image = image..image + IMAGE_RESERVE;
        let scratch = image.end + page..image.end + page + scratch_bytes;

        let file = ImageFile::create(IMAGE_RESERVE)?;
        map_over(&image, libc::MAP_SHARED, Some(&file.0))?;
        map_over(&scratch, libc::MAP_PRIVATE | libc::MAP_NORESERVE, None)?;
        advise(&(reserved.start()..reserved.start() + reserved.len));

        let mut space = Box::new(Space {
            high: image.start,
            image,
            scratch,
            image_blocks: Blocks::new(),
            scratch_blocks: Blocks::new(),
            phase: Phase::Building,
            n_allocations: 0,
            refused: false,
        });
        // SAFETY: both regions are mapped, writable, unused, and outlive `space`. Test:
        // heap::tests::cleared_blocks_are_clear_whatever_was_in_them_before.
        unsafe {
            insert(&mut space.image_blocks, &space.image);
            insert(&mut space.scratch_blocks, &space.scratch);
        }
        let heap = Heap {
            space: NonNull::from(Box::leak(space)),
            reserved,
            pristine: None,
            tracking,
            verify,
            written: Vec::new(),
            n_rollbacks: 0,
            changed_pages: 0,
            resident: 0,
            reached_lately: 0,
            spares: Spares::default(),
            home: Rc::default(),
        };
        Ok((heap, file))
    }

    /// What the engine takes as its allocator, and the opaque that goes with it.
    pub(crate) fn allocator(&self) -> (qjs::JSMallocFunctions, *mut c_void) {
        let functions = qjs::JSMallocFunctions {
            js_calloc: Some(js_calloc),
            js_malloc: Some(js_malloc),
            js_free: Some(js_free),
            js_realloc: Some(js_realloc),
            js_malloc_usable_size: Some(js_usable_size),
        };
        (functions, self.space.as_ptr().cast())
    }

    /// Ends the building: from now on the image's content is what every rollback
    /// returns to, and allocations come from scratch.
    pub(crate) fn seal(&mut self, file: ImageFile) -> io::Result<()> {
        let page = page_bytes();
        let space = self.space_mut();
        let used = (space.high + LINK_BYTES).next_multiple_of(page).min(space.image.end);
        let image = space.image.start..used;
        map_over(&image, libc::MAP_PRIVATE, Some(&file.0))?;
        // A new mapping knows nothing of what the old one was told.
        advise(&image);
        // What the image did not need can never be touched again.
        forbid(&(used..space.image.end))?;
        space.image = image.clone();
        space.phase = Phase::Sealed;
        space.high = space.scratch.start;
        space.refused = false;

        let view = Mapping::view(&file.0, image.len())?;
        advise(&(view.start()..view.start() + view.len));
        file.seal()?;
        let tracker = Tracker::open(self.tracking, &image)?;
        self.pristine = Some(Pristine { view, tracker });
        Ok(())
    }

    /// Makes the range what it was at the seal.
    ///
    /// Only between runs: no engine code may be on the stack of any thread.
    pub(crate) fn rollback(&mut self) -> Rollback {
        let scratch_bytes = self.empty_scratch();
        let n_private = self.find_written();
        let pages_copied = self.put_back(n_private, scratch_bytes);
        Rollback { pages_copied, scratch_bytes }
    }

    /// Fills `written`; answers how many pages that are.
    fn find_written(&mut self) -> usize {
        self.written.clear();
        let image = self.space_ref().image.clone();
        let pristine = self.pristine.as_mut().expect("rolled back after the seal");
        pristine.tracker.written(&image, &mut self.written);
        n_pages(&self.written)
    }

    /// Copies `written` back, or drops every private page when there are too many:
    /// `n_private` of them. The run had used `scratch_bytes`, for verifying. Answers
    /// how many pages were copied.
    fn put_back(&mut self, n_private: usize, scratch_bytes: usize) -> usize {
        let is_reset = self.is_reset_due(n_private) && {
            let image = self.space_ref().image.clone();
            let pristine = self.pristine.as_mut().expect("rolled back after the seal");
            pristine.tracker.reset(&image)
        };
        if is_reset {
            self.written.clear();
        }
        self.copy_back();
        if self.verify == Verify::EachRollback {
            self.assert_pristine((scratch_bytes + LINK_BYTES).min(self.scratch_bytes()));
        }
        n_pages(&self.written)
    }

    /// A page once written is copied back after every run from then on, so one run
    /// that wrote everywhere would slow down all that follow. One reset ends that;
    /// where runs do change that much, it would not help. What they change is
    /// counted now and then, and then `written` is narrowed to it.
    fn is_reset_due(&mut self, n_private: usize) -> bool {
        self.n_rollbacks += 1;
        if n_private > FEW_PAGES && self.n_rollbacks.is_multiple_of(COUNT_EVERY) {
            self.leave_out_unchanged();
            self.changed_pages = self.changed_pages.max(n_pages(&self.written));
        }
        if self.n_rollbacks < RESET_EVERY {
            return false;
        }
        let pays = n_private > 2 * self.changed_pages + FEW_PAGES;
        (self.n_rollbacks, self.changed_pages) = (0, 0);
        pays
    }

    /// Narrows what was found written to what differs from the pristine image.
    fn leave_out_unchanged(&mut self) {
        let page = page_bytes();
        let image = self.space_ref().image.start;
        let pristine = self.pristine.as_ref().expect("written to after the seal").view.bytes();
        let mut differing: Vec<Range<usize>> = Vec::new();
        for start in self.written.iter().flat_map(|range| range.clone().step_by(page)) {
            let now = self.bytes(start as *const u8, page).expect("the tracker knows the image");
            if now == &pristine[start - image..][..page] {
                continue;
            }
            match differing.last_mut() {
                Some(last) if last.end == start => last.end += page,
                _ => differing.push(start..start + page),
            }
        }
        self.written = differing;
    }

    fn copy_back(&mut self) {
        let image = self.space_ref().image.start;
        let pristine = self.pristine.as_ref().expect("rolled back after the seal");
        for range in &self.written {
            let source = pristine.view.start() + (range.start - image);
            // SAFETY: the tracker answers ranges inside the image only, which the view
            // mirrors byte by byte; the two never overlap, and no reference into the image
            // exists while no engine runs. Test: heap::tests::rollback_restores_every_byte.
            unsafe {
                ptr::copy_nonoverlapping(source as *const u8, range.start as *mut u8, range.len());
            }
        }
    }

    /// Wipes what the run wrote and starts the allocator afresh. Answers how far
    /// the run had got.
    fn empty_scratch(&mut self) -> usize {
        let space = self.space_ref();
        let (scratch, reached) = (space.scratch.clone(), space.high - space.scratch.start);
        let start = scratch.start;
        let used = (reached + LINK_BYTES).min(scratch.len());
        let kept = used.min(KEEP_RESIDENT);
        let given_back = used > kept && give_back(&(start + kept..start + used));
        let wiped = if given_back { kept } else { used };
        // Before the allocator writes its links, of which one ends the region.
        self.give_back_unreached(start, wiped);
        let space = self.space_mut();
        // SAFETY: scratch is ours, mapped and writable; nothing refers into it any more.
        // The allocator's state is replaced before its next use, so it does not matter that
        // its free lists are gone, nor that a jump may have left it half changed. Test:
        // heap::tests::rollback_restores_every_byte.
        unsafe {
            ptr::write_bytes(start as *mut u8, 0, wiped);
            space.scratch_blocks = Blocks::new();
            insert(&mut space.scratch_blocks, &space.scratch);
        }
        space.high = start;
        space.refused = false;
        reached
    }

    /// Scratch that one run has touched stays for the next ones, until none of many
    /// has got there. Above `kept`, which the last one leaves to be wiped, it is clear.
    fn give_back_unreached(&mut self, start: usize, kept: usize) {
        self.resident = self.resident.max(kept);
        self.reached_lately = self.reached_lately.max(kept);
        if self.n_rollbacks == 0 {
            let needed = self.reached_lately.next_multiple_of(page_bytes());
            if needed < self.resident && give_back(&(start + needed..start + self.resident)) {
                self.resident = needed;
            }
            self.reached_lately = 0;
        }
    }

    /// Bytes of scratch that the run has reached so far.
    pub(crate) fn reached(&self) -> usize {
        let space = self.space_ref();
        space.high - space.scratch.start
    }

    /// Whether a request larger than the whole budget was refused in this run.
    pub(crate) fn refused(&self) -> bool {
        self.space_ref().refused
    }

    /// How many blocks the engine has asked for since the range was reserved.
    pub(crate) fn n_allocations(&self) -> u64 {
        self.space_ref().n_allocations
    }

    /// Size of a run's memory.
    pub(crate) fn scratch_bytes(&self) -> usize {
        self.space_ref().scratch.len()
    }

    /// Bytes of image, in whole pages.
    pub(crate) fn image_bytes(&self) -> usize {
        let space = self.space_ref();
        match space.phase {
            Phase::Building => space.high - space.image.start,
            Phase::Sealed => space.image.len(),
        }
    }

    /// The bytes at `at`, if all of them lie in the image or in scratch. The
    /// engine must not run while they are looked at.
    pub(crate) fn bytes(&self, at: *const u8, len: usize) -> Option<&[u8]> {
        let space = self.space_ref();
        let end = (at as usize).checked_add(len)?;
        let inside = |region: &Range<usize>| region.start <= at as usize && end <= region.end;
        if !inside(&space.image) && !inside(&space.scratch) {
            return None;
        }
        // SAFETY: mapped and readable memory, borrowed from `self`; the engine can only run
        // through `&mut` of the isolate that owns this heap. Test:
        // heap::tests::nothing_outside_of_the_regions_is_read.
        Some(unsafe { slice::from_raw_parts(at, len) })
    }

    /// Compares whole regions first: this runs after every rollback of a test.
    fn assert_pristine(&self, used: usize) {
        let space = self.space_ref();
        let pristine = self.pristine.as_ref().expect("verified after the seal");
        let now = self.bytes(space.image.start as *const u8, space.image.len());
        let now = now.expect("the image lies in the image");
        let then = pristine.view.bytes();
        if now != then {
            let at = now.iter().zip(then).position(|(now, then)| now != then);
            panic!("rollback left byte {at:#x?} of the image changed");
        }
        let scratch = self.bytes(space.scratch.start as *const u8, used).expect("lies in scratch");
        // The allocator's first free block begins it, and a sentinel ends it.
        let end = used.min(space.scratch.len() - LINK_BYTES);
        for (idx, chunk) in scratch[LINK_BYTES..end].chunks(ZEROS.len()).enumerate() {
            assert!(
                chunk == &ZEROS[..chunk.len()],
                "rollback left bytes in chunk {idx} of scratch"
            );
        }
    }

    fn space_ref(&self) -> &Space {
        // SAFETY: made by `reserve`, freed by `drop`. The callbacks, which write to it, run
        // only inside `guard::enter`, never while this is borrowed. Test:
        // heap::tests::rollback_restores_every_byte.
        unsafe { self.space.as_ref() }
    }

    fn space_mut(&mut self) -> &mut Space {
        // SAFETY: as above, and `&mut self` excludes every other borrow. Test:
        // heap::tests::rollback_restores_every_byte.
        unsafe { self.space.as_mut() }
    }
}

impl fmt::Debug for Heap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Heap")
            .field("reserved", &self.reserved.len)
            .field("tracking", &self.tracking)
            .finish_non_exhaustive()
    }
}

impl Drop for Heap {
    /// Unmaps the engine as it is. Its own teardown is never run: it aborts on
    /// anything a jump left unbalanced.
    fn drop(&mut self) {
        // SAFETY: `space` came from `Box::leak`; the engine that knew it is gone with the
        // range. Test: door::tests::an_isolate_can_be_dropped_at_any_point.
        drop(unsafe { Box::from_raw(self.space.as_ptr()) });
    }
}

impl Space {
    /// # Safety
    /// Called by the engine, armed, on the thread that owns the heap.
    unsafe fn allocate(&mut self, size: usize) -> *mut u8 {
        self.n_allocations += 1;
        let (blocks, region) = match self.phase {
            Phase::Building => (&mut self.image_blocks, &self.image),
            Phase::Sealed => (&mut self.scratch_blocks, &self.scratch),
        };
        if size > region.len() {
            // The only null the engine ever sees. Everything else that does not
            // fit leaves: the parser answers a refusal with nonsense.
            self.refused = true;
            return ptr::null_mut();
        }
        // SAFETY: the alignment is a power of two and `size` is below the range's. Test:
        // heap::tests::cleared_blocks_are_clear_whatever_was_in_them_before.
        let layout = unsafe { Layout::from_size_align_unchecked(size, ALIGN) };
        match blocks.allocate(layout) {
            Some(block) => {
                let at = block.as_ptr() as usize;
                if at < region.start || at + size > region.end {
                    // A free list was overwritten: the engine is not sound.
                    guard::leave_crashed();
                }
                self.high = self.high.max(at + size);
                block.as_ptr()
            }
            None => guard::leave_out_of_memory(),
        }
    }

    /// # Safety
    /// As for `allocate`; `at` came from it and was not freed.
    unsafe fn free(&mut self, at: *mut u8) {
        let Some(block) = NonNull::new(at) else { return };
        match self.region_of(block) {
            // Image blocks stay for ever: their bytes come back at the rollback.
            Phase::Building if self.phase == Phase::Sealed => {}
            // SAFETY: the block is this allocator's. Test:
            // heap::tests::cleared_blocks_are_clear_whatever_was_in_them_before.
            Phase::Building => unsafe { self.image_blocks.deallocate(block, ALIGN) },
            // SAFETY: the block is this allocator's. Test:
            // heap::tests::cleared_blocks_are_clear_whatever_was_in_them_before.
            Phase::Sealed => unsafe { self.scratch_blocks.deallocate(block, ALIGN) },
        }
    }

    /// # Safety
    /// As for `free`.
    unsafe fn reallocate(&mut self, at: *mut u8, size: usize) -> *mut u8 {
        let Some(block) = NonNull::new(at) else {
            // SAFETY: same contract. Test:
            // heap::tests::cleared_blocks_are_clear_whatever_was_in_them_before.
            return unsafe { self.allocate(size) };
        };
        let from = self.region_of(block);
        if from == self.phase {
            self.n_allocations += 1;
            let (blocks, region) = match from {
                Phase::Building => (&mut self.image_blocks, &self.image),
                Phase::Sealed => (&mut self.scratch_blocks, &self.scratch),
            };
            if size > region.len() {
                self.refused = true;
                return ptr::null_mut();
            }
            let region_end = region.end;
            // SAFETY: as in `allocate`; the block is this allocator's, of ALIGN. Test:
            // heap::tests::cleared_blocks_are_clear_whatever_was_in_them_before.
            let moved =
                unsafe { blocks.reallocate(block, Layout::from_size_align_unchecked(size, ALIGN)) };
            let Some(moved) = moved else { guard::leave_out_of_memory() };
            if self.region_of(moved) != from || moved.as_ptr() as usize + size > region_end {
                guard::leave_crashed();
            }
            self.high = self.high.max(moved.as_ptr() as usize + size);
            return moved.as_ptr();
        }
        // An image block in a run: it shrinks in place and grows into scratch.
        // SAFETY: the header in front of the block is the sealed allocator's. Test:
        // heap::tests::image_blocks_are_never_reused_and_grow_into_scratch.
        let old_size = unsafe { Blocks::allocation_usable_size(block) };
        if size <= old_size {
            return at;
        }
        // SAFETY: same contract; the new block is larger than the old one. Test:
        // heap::tests::image_blocks_are_never_reused_and_grow_into_scratch.
        unsafe {
            let moved = self.allocate(size);
            if !moved.is_null() {
                ptr::copy_nonoverlapping(at, moved, old_size);
            }
            moved
        }
    }

    /// In which phase the block was given out. That it never was is an engine
    /// crash.
    fn region_of(&self, block: NonNull<u8>) -> Phase {
        let at = block.as_ptr() as usize;
        if self.scratch.contains(&at) {
            Phase::Sealed
        } else if self.image.contains(&at) {
            Phase::Building
        } else {
            guard::leave_crashed()
        }
    }
}

/// The binding's `size_t` is a `u64`; the targets of this crate are 64-bit.
const _: () = assert!(size_of::<qjs::size_t>() == size_of::<usize>());

unsafe extern "C" fn js_malloc(opaque: *mut c_void, size: qjs::size_t) -> *mut c_void {
    // SAFETY: the opaque is the `Space` that `Heap::allocator` handed out. Test:
    // heap::tests::cleared_blocks_are_clear_whatever_was_in_them_before.
    unsafe { (*opaque.cast::<Space>()).allocate(size as usize).cast() }
}

unsafe extern "C" fn js_calloc(
    opaque: *mut c_void,
    count: qjs::size_t,
    size: qjs::size_t,
) -> *mut c_void {
    let Some(size) = (count as usize).checked_mul(size as usize) else { return ptr::null_mut() };
    let space = opaque.cast::<Space>();
    // SAFETY: the opaque is our `Space`. What lies above the highest byte given out was
    // wiped by the rollback (or never touched), but for the links of the allocator at its
    // edges, so a large block needs no zeroing beyond that. Test:
    // heap::tests::cleared_blocks_are_clear_whatever_was_in_them_before.
    unsafe {
        let clean_from = (*space).high + LINK_BYTES;
        let at = (*space).allocate(size);
        if !at.is_null() {
            let dirty = clean_from.saturating_sub(at as usize).max(LINK_BYTES).min(size);
            ptr::write_bytes(at, 0, dirty);
        }
        at.cast()
    }
}

unsafe extern "C" fn js_free(opaque: *mut c_void, at: *mut c_void) {
    // SAFETY: as in `js_malloc`. Test:
    // heap::tests::cleared_blocks_are_clear_whatever_was_in_them_before.
    unsafe { (*opaque.cast::<Space>()).free(at.cast()) }
}

unsafe extern "C" fn js_realloc(
    opaque: *mut c_void,
    at: *mut c_void,
    size: qjs::size_t,
) -> *mut c_void {
    // SAFETY: as in `js_malloc`. Test:
    // heap::tests::cleared_blocks_are_clear_whatever_was_in_them_before.
    unsafe { (*opaque.cast::<Space>()).reallocate(at.cast(), size as usize).cast() }
}

/// Never zero and never changing: it feeds the engine's count of live bytes, and
/// with zeros there the collector never starts.
unsafe extern "C" fn js_usable_size(at: *const c_void) -> qjs::size_t {
    match NonNull::new(at.cast_mut().cast::<u8>()) {
        // SAFETY: the engine asks only about blocks that it got from us. Test:
        // heap::tests::image_blocks_are_never_reused_and_grow_into_scratch.
        Some(block) => unsafe { Blocks::allocation_usable_size(block) as qjs::size_t },
        None => 0,
    }
}

/// # Safety
/// The region must be mapped, writable and otherwise unused.
unsafe fn insert(blocks: &mut Blocks, region: &Range<usize>) {
    let region = ptr::slice_from_raw_parts_mut(region.start as *mut u8, region.len());
    // SAFETY: passed on; the address is not null. Test:
    // heap::tests::cleared_blocks_are_clear_whatever_was_in_them_before.
    unsafe { blocks.insert_free_block_ptr(NonNull::new_unchecked(region)) };
}

/// Tells the process's own allocator to go on giving large blocks back when they are
/// freed, as it does at first. glibc learns otherwise from the first one that is, and
/// then keeps up to twice its size for each thread.
pub fn give_large_blocks_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: sets numbers of the allocator under its own lock; no block changes.
    // Test: memory::what_large_requests_took_is_given_back.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE_BLOCK);
    }
}

/// Opens what a process that has locked itself down can no longer open, if it is
/// not root's; every later isolate shares it. Without it, whole images are copied.
pub fn keep_pagemap() {
    let _ = pagemap();
}

fn pagemap() -> io::Result<File> {
    static KEPT: OnceLock<Option<File>> = OnceLock::new();
    // All users read at offsets of their own, so that one description serves all.
    match KEPT.get_or_init(|| File::open("/proc/self/pagemap").ok()) {
        Some(file) => file.try_clone(),
        None => Err(io::Error::from(io::ErrorKind::PermissionDenied)),
    }
}

impl Tracker {
    fn open(tracking: Tracking, image: &Range<usize>) -> io::Result<Tracker> {
        match tracking {
            Tracking::Userfault => {
                Ok(Tracker::Userfault { uffd: track_writes(image)?, pagemap: pagemap()? })
            }
            Tracking::Scan => {
                let pagemap = pagemap()?;
                scan(&pagemap, image, NOT_FILE, &mut Vec::new())?;
                Ok(Tracker::Scan { pagemap })
            }
            Tracking::Pagemap => Ok(Tracker::Pagemap { pagemap: pagemap()?, entries: Vec::new() }),
            Tracking::Whole => Ok(Tracker::Whole),
            Tracking::Best => Tracker::open(Tracking::Userfault, image)
                .or_else(|_| Tracker::open(Tracking::Scan, image))
                .or_else(|_| Tracker::open(Tracking::Pagemap, image))
                .or_else(|_| Tracker::open(Tracking::Whole, image)),
        }
    }

    /// Page ranges that may differ from the file; all of them, when the system
    /// does not tell.
    fn written(&mut self, image: &Range<usize>, written: &mut Vec<Range<usize>>) {
        let told = match self {
            Tracker::Userfault { pagemap, .. } => scan(pagemap, image, WRITTEN, written),
            Tracker::Scan { pagemap } => scan(pagemap, image, NOT_FILE, written),
            Tracker::Pagemap { pagemap, entries } => read_pagemap(pagemap, entries, image, written),
            Tracker::Whole => Err(io::ErrorKind::Unsupported.into()),
        };
        if told.is_err() {
            written.clear();
            written.push(image.clone());
        }
    }

    /// Drops every private page at once: what is read there next is the file
    /// again. False when that could not be done, and nothing has changed.
    fn reset(&mut self, image: &Range<usize>) -> bool {
        match self {
            // Elsewhere than on Linux the advice is no more than that.
            Tracker::Whole => return false,
            Tracker::Userfault { .. } | Tracker::Scan { .. } | Tracker::Pagemap { .. } => {}
        }
        if !give_back(image) {
            return false;
        }
        #[cfg(target_os = "linux")]
        if let Tracker::Userfault { uffd, .. } = self {
            // Should this fail, pages count as written that are not: slower, not
            // wrong.
            let _ = linux::protect(uffd, image);
        }
        true
    }
}

/// The memory file behind an image, until the seal.
pub(crate) struct ImageFile(File);

impl ImageFile {
    fn create(len: usize) -> io::Result<ImageFile> {
        #[cfg(target_os = "linux")]
        let file = linux::memory_file().or_else(|_| unlinked_file())?;
        #[cfg(not(target_os = "linux"))]
        let file = unlinked_file()?;
        file.set_len(len as u64)?;
        Ok(ImageFile(file))
    }

    /// Forbids every later change and closes the file: a child process that
    /// inherited it could otherwise rewrite the image of every run to come.
    fn seal(self) -> io::Result<()> {
        #[cfg(target_os = "linux")]
        linux::seal_file(&self.0)?;
        Ok(())
    }
}

/// For systems without memory files: a file that no path leads to.
fn unlinked_file() -> io::Result<File> {
    let process = std::process::id();
    for attempt in 0..1024 {
        let path = std::env::temp_dir().join(format!(".llm-kernel-image-{process}-{attempt}"));
        let mut options = File::options();
        options.read(true).write(true).create_new(true);
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        match options.open(&path) {
            Ok(file) => {
                std::fs::remove_file(&path)?;
                return Ok(file);
            }
            Err(err) if err.kind() == io::ErrorKind::AlreadyExists => {}
            Err(err) => return Err(err),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// Memory that is unmapped when this goes.
struct Mapping {
    at: NonNull<c_void>,
    len: usize,
}

impl Mapping {
    fn reserve(len: usize) -> io::Result<Mapping> {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANON | libc::MAP_NORESERVE;
        Mapping::map(len, libc::PROT_NONE, flags, None)
    }

    /// Private, since a sealed file can not be mapped shared.
    fn view(file: &File, len: usize) -> io::Result<Mapping> {
        Mapping::map(len, libc::PROT_READ, libc::MAP_PRIVATE, Some(file))
    }

    fn map(len: usize, protection: i32, flags: i32, file: Option<&File>) -> io::Result<Mapping> {
        let fd = file.map_or(-1, AsRawFd::as_raw_fd);
        // SAFETY: a new mapping at an address of the system's choice. Test:
        // heap::tests::rollback_restores_every_byte.
        let at = unsafe { libc::mmap(ptr::null_mut(), len, protection, flags, fd, 0) };
        if at == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        Ok(Mapping { at: NonNull::new(at).expect("mmap does not answer null"), len })
    }

    fn start(&self) -> usize {
        self.at.as_ptr() as usize
    }

    fn bytes(&self) -> &[u8] {
        // SAFETY: only called on the pristine view, which is readable and never changes
        // after the seal. Test: heap::tests::rollback_restores_every_byte.
        unsafe { slice::from_raw_parts(self.at.as_ptr().cast(), self.len) }
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: ours, and whoever owns us says that nobody looks at it any more. Test:
        // door::tests::an_isolate_can_be_dropped_at_any_point.
        unsafe { libc::munmap(self.at.as_ptr(), self.len) };
    }
}

/// Replaces a part of our own reservation.
fn map_over(range: &Range<usize>, flags: i32, file: Option<&File>) -> io::Result<()> {
    let flags = flags | libc::MAP_FIXED | if file.is_none() { libc::MAP_ANON } else { 0 };
    replace(range, libc::PROT_READ | libc::PROT_WRITE, flags, file)
}

fn forbid(range: &Range<usize>) -> io::Result<()> {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANON | libc::MAP_NORESERVE | libc::MAP_FIXED;
    if range.is_empty() { Ok(()) } else { replace(range, libc::PROT_NONE, flags, None) }
}

fn replace(
    range: &Range<usize>,
    protection: i32,
    flags: i32,
    file: Option<&File>,
) -> io::Result<()> {
    let fd = file.map_or(-1, AsRawFd::as_raw_fd);
    let at = range.start as *mut c_void;
    // SAFETY: every caller passes page ranges inside a reservation that it owns, so
    // MAP_FIXED replaces nothing of anybody else's. Test:
    // heap::tests::rollback_restores_every_byte.
    let mapped = unsafe { libc::mmap(at, range.len(), protection, flags, fd, 0) };
    if mapped == libc::MAP_FAILED { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Takes the memory behind a part of our range away, and with it what was written
/// there. False when the system does not: locked memory, for one, stays.
fn give_back(range: &Range<usize>) -> bool {
    // SAFETY: every caller owns the range, and nothing refers into it between runs. It
    // begins at a page; the system rounds its end up, inside a region. Test:
    // heap::tests::memory_that_the_system_will_not_take_back_is_rolled_back_all_the_same.
    unsafe { libc::madvise(range.start as *mut c_void, range.len(), libc::MADV_DONTNEED) == 0 }
}

/// Tells the system how our range is used.
fn advise(range: &Range<usize>) {
    for advice in range_advice() {
        // SAFETY: the range is ours; none of these advices changes content. Refusal costs
        // memory or a larger core dump, never correctness. Test:
        // heap::tests::no_child_and_no_core_dump_sees_the_range.
        unsafe { libc::madvise(range.start as *mut c_void, range.len(), *advice) };
    }
}

fn n_pages(ranges: &[Range<usize>]) -> usize {
    ranges.iter().map(Range::len).sum::<usize>() / page_bytes()
}

fn page_bytes() -> usize {
    // SAFETY: a plain question. Test: heap::tests::rollback_restores_every_byte.
    let bytes = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    usize::try_from(bytes).expect("a page has a size")
}

/// No inheritance by children, no image in a core dump, no huge pages (one write
/// would make 2 MiB private).
fn range_advice() -> &'static [i32] {
    #[cfg(target_os = "linux")]
    return &[libc::MADV_DONTFORK, libc::MADV_DONTDUMP, libc::MADV_NOHUGEPAGE];
    #[cfg(not(target_os = "linux"))]
    return &[];
}

const PAGEMAP_FILE: u64 = 1 << 61;
const PAGEMAP_SWAPPED: u64 = 1 << 62;
const PAGEMAP_PRESENT: u64 = 1 << 63;

/// A page that is neither the file's nor absent. Swapped and migrating pages have
/// the present bit clear, so "present" alone misses some.
fn is_written(entry: u64) -> bool {
    entry & PAGEMAP_FILE == 0 && entry & (PAGEMAP_PRESENT | PAGEMAP_SWAPPED) != 0
}

/// One 64-bit word a page: Documentation/admin-guide/mm/pagemap.rst.
fn read_pagemap(
    pagemap: &File,
    entries: &mut Vec<u8>,
    image: &Range<usize>,
    written: &mut Vec<Range<usize>>,
) -> io::Result<()> {
    let page = page_bytes();
    entries.resize(image.len() / page * 8, 0);
    pagemap.read_exact_at(entries, (image.start / page * 8) as u64)?;
    for (idx, entry) in entries.chunks_exact(8).enumerate() {
        if is_written(u64::from_ne_bytes(entry.try_into().expect("chunks of eight"))) {
            let start = image.start + idx * page;
            match written.last_mut() {
                Some(last) if last.end == start => last.end += page,
                _ => written.push(start..start + page),
            }
        }
    }
    Ok(())
}

#[cfg(target_os = "linux")]
use linux::{NOT_FILE, WRITTEN, scan, track_writes};

#[cfg(not(target_os = "linux"))]
use portable::{NOT_FILE, WRITTEN, scan, track_writes};

#[cfg(target_os = "linux")]
mod linux {
    //! System calls that `libc` has no names for yet. Layouts and numbers:
    //! include/uapi/linux/{fs,userfaultfd,memfd,fcntl}.h.

    use super::*;

    /// What to look for: categories inverted, required, and any of.
    #[derive(Clone, Copy)]
    pub(super) struct Wanted {
        inverted: u64,
        all_of: u64,
        any_of: u64,
    }

    const PAGE_IS_WRITTEN: u64 = 1 << 1;
    const PAGE_IS_FILE: u64 = 1 << 2;
    const PAGE_IS_PRESENT: u64 = 1 << 3;
    const PAGE_IS_SWAPPED: u64 = 1 << 4;

    pub(super) const WRITTEN: Wanted = Wanted { inverted: 0, all_of: PAGE_IS_WRITTEN, any_of: 0 };
    pub(super) const NOT_FILE: Wanted = Wanted {
        inverted: PAGE_IS_FILE,
        all_of: PAGE_IS_FILE,
        any_of: PAGE_IS_PRESENT | PAGE_IS_SWAPPED,
    };

    #[repr(C)]
    #[derive(Default)]
    struct PageRegion {
        start: u64,
        end: u64,
        categories: u64,
    }

    #[repr(C)]
    struct PmScanArg {
        size: u64,
        flags: u64,
        start: u64,
        end: u64,
        walk_end: u64,
        vec: u64,
        vec_len: u64,
        max_pages: u64,
        category_inverted: u64,
        category_mask: u64,
        category_anyof_mask: u64,
        return_mask: u64,
    }

    /// `_IOWR('f', 16, struct pm_scan_arg)`
    const PAGEMAP_SCAN: libc::Ioctl = 0xC060_6610_u32 as libc::Ioctl;

    pub(super) fn scan(
        pagemap: &File,
        image: &Range<usize>,
        wanted: Wanted,
        written: &mut Vec<Range<usize>>,
    ) -> io::Result<()> {
        let mut from = image.start as u64;
        while from < image.end as u64 {
            let mut regions: [PageRegion; 256] = std::array::from_fn(|_| PageRegion::default());
            let mut arg = PmScanArg {
                size: size_of::<PmScanArg>() as u64,
                flags: 0,
                start: from,
                end: image.end as u64,
                walk_end: 0,
                vec: regions.as_mut_ptr() as u64,
                vec_len: regions.len() as u64,
                max_pages: 0,
                category_inverted: wanted.inverted,
                category_mask: wanted.all_of,
                category_anyof_mask: wanted.any_of,
                return_mask: wanted.all_of | wanted.any_of,
            };
            // SAFETY: the argument and its vector live across the call and have the sizes
            // that they name. Test: heap::tests::rollback_restores_every_byte.
            let n = unsafe { libc::ioctl(pagemap.as_raw_fd(), PAGEMAP_SCAN, &raw mut arg) };
            let n = usize::try_from(n).map_err(|_| io::Error::last_os_error())?;
            for region in &regions[..n] {
                let range = region.start as usize..region.end as usize;
                // What the kernel says is clamped all the same: the copy that
                // follows trusts these bounds.
                if range.start < image.start || range.end > image.end || range.is_empty() {
                    return Err(io::ErrorKind::InvalidData.into());
                }
                written.push(range);
            }
            if n < regions.len() || arg.walk_end <= from {
                break;
            }
            from = arg.walk_end;
        }
        Ok(())
    }

    #[repr(C)]
    struct UffdioApi {
        api: u64,
        features: u64,
        ioctls: u64,
    }

    #[repr(C)]
    struct UffdioRegister {
        start: u64,
        len: u64,
        mode: u64,
        ioctls: u64,
    }

    #[repr(C)]
    struct UffdioWriteprotect {
        start: u64,
        len: u64,
        mode: u64,
    }

    const UFFDIO_API: libc::Ioctl = 0xC018_AA3F_u32 as libc::Ioctl;
    const UFFDIO_REGISTER: libc::Ioctl = 0xC020_AA00_u32 as libc::Ioctl;
    const UFFDIO_WRITEPROTECT: libc::Ioctl = 0xC018_AA06_u32 as libc::Ioctl;
    const UFFD_API: u64 = 0xAA;
    const UFFD_USER_MODE_ONLY: i32 = 1;
    const FEATURE_PAGEFAULT_FLAG_WP: u64 = 1 << 0;
    const FEATURE_WP_HUGETLBFS_SHMEM: u64 = 1 << 12;
    const FEATURE_WP_UNPOPULATED: u64 = 1 << 13;
    const FEATURE_WP_ASYNC: u64 = 1 << 15;
    const REGISTER_MODE_WP: u64 = 1 << 1;
    const WRITEPROTECT_MODE_WP: u64 = 1 << 0;

    /// Asks the kernel to note writes to the image without telling anybody
    /// (`WP_ASYNC`). Unprivileged: user-mode faults only.
    pub(super) fn track_writes(image: &Range<usize>) -> io::Result<OwnedFd> {
        let flags = libc::O_CLOEXEC | libc::O_NONBLOCK | UFFD_USER_MODE_ONLY;
        // SAFETY: a plain system call; the descriptor is owned from here on. Test:
        // heap::tests::rollback_restores_every_byte.
        let fd = unsafe { libc::syscall(libc::SYS_userfaultfd, flags) };
        let fd = i32::try_from(fd).ok().filter(|fd| *fd >= 0);
        let fd = fd.ok_or_else(io::Error::last_os_error)?;
        // SAFETY: just opened, owned by nobody else. Test:
        // heap::tests::rollback_restores_every_byte.
        let uffd = unsafe { OwnedFd::from_raw_fd(fd) };
        let features = FEATURE_PAGEFAULT_FLAG_WP
            | FEATURE_WP_HUGETLBFS_SHMEM
            | FEATURE_WP_UNPOPULATED
            | FEATURE_WP_ASYNC;
        call(&uffd, UFFDIO_API, &mut UffdioApi { api: UFFD_API, features, ioctls: 0 })?;
        call(
            &uffd,
            UFFDIO_REGISTER,
            &mut UffdioRegister {
                start: image.start as u64,
                len: image.len() as u64,
                mode: REGISTER_MODE_WP,
                ioctls: 0,
            },
        )?;
        protect(&uffd, image)?;
        Ok(uffd)
    }

    /// Counts every page of the image as unwritten from now on.
    pub(super) fn protect(uffd: &OwnedFd, image: &Range<usize>) -> io::Result<()> {
        let mut arg = UffdioWriteprotect {
            start: image.start as u64,
            len: image.len() as u64,
            mode: WRITEPROTECT_MODE_WP,
        };
        call(uffd, UFFDIO_WRITEPROTECT, &mut arg)
    }

    fn call<T>(uffd: &OwnedFd, request: libc::Ioctl, arg: &mut T) -> io::Result<()> {
        // SAFETY: each request is paired with its own argument type above. Test:
        // heap::tests::rollback_restores_every_byte.
        let done = unsafe { libc::ioctl(uffd.as_raw_fd(), request, ptr::from_mut(arg)) };
        if done < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
    }

    pub(super) fn memory_file() -> io::Result<File> {
        let flags = libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING;
        // SAFETY: a plain system call; the descriptor is owned from here on. Test:
        // heap::tests::nobody_can_write_to_a_sealed_file.
        unsafe {
            let fd = libc::memfd_create(c"llm-kernel-image".as_ptr(), flags);
            if fd < 0 { Err(io::Error::last_os_error()) } else { Ok(File::from_raw_fd(fd)) }
        }
    }

    pub(super) fn seal_file(file: &File) -> io::Result<()> {
        let seals =
            libc::F_SEAL_WRITE | libc::F_SEAL_SHRINK | libc::F_SEAL_GROW | libc::F_SEAL_SEAL;
        // SAFETY: a plain system call. Test:
        // heap::tests::nobody_can_write_to_a_sealed_file.
        let done = unsafe { libc::fcntl(file.as_raw_fd(), libc::F_ADD_SEALS, seals) };
        match io::Error::last_os_error() {
            _ if done == 0 => Ok(()),
            // An unlinked file on disk takes no seals.
            err if err.raw_os_error() == Some(libc::EINVAL) => Ok(()),
            err => Err(err),
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod portable {
    //! What other systems have of the above: nothing, so the image is copied.

    use super::*;

    #[derive(Clone, Copy)]
    pub(super) struct Wanted;
    pub(super) const WRITTEN: Wanted = Wanted;
    pub(super) const NOT_FILE: Wanted = Wanted;

    pub(super) fn scan(
        _: &File,
        _: &Range<usize>,
        _: Wanted,
        _: &mut Vec<Range<usize>>,
    ) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(super) fn track_writes(_: &Range<usize>) -> io::Result<OwnedFd> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Heap {
        /// As a bug of the engine might leave its memory.
        pub(in crate::isolate) fn spoil(&mut self) {
            let image = self.space_ref().image.clone();
            // SAFETY: ours, and no engine runs; the next that does will fault.
            unsafe { ptr::write_bytes(image.start as *mut u8, 0xff, image.len()) };
        }
    }

    const SCRATCH: usize = 8 << 20;
    const TRACKINGS: [Tracking; 5] =
        [Tracking::Userfault, Tracking::Scan, Tracking::Pagemap, Tracking::Whole, Tracking::Best];

    /// The heap as an engine sees it.
    struct Client {
        heap: Heap,
        functions: qjs::JSMallocFunctions,
        opaque: *mut c_void,
    }

    impl Client {
        /// Fills `image_bytes` of the image with `0x11`, and seals it.
        fn sealed(image_bytes: usize, tracking: Tracking) -> (Client, *mut u8) {
            let (heap, file) = Heap::reserve(SCRATCH, tracking, Verify::EachRollback).unwrap();
            let (functions, opaque) = heap.allocator();
            let mut client = Client { heap, functions, opaque };
            let block = client.malloc(image_bytes);
            client.fill(block, image_bytes, 0x11);
            client.heap.seal(file).unwrap();
            (client, block)
        }

        fn malloc(&mut self, size: usize) -> *mut u8 {
            // SAFETY: the opaque is the heap's.
            unsafe { self.functions.js_malloc.unwrap()(self.opaque, size as u64).cast() }
        }

        fn calloc(&mut self, size: usize) -> *mut u8 {
            // SAFETY: the opaque is the heap's.
            unsafe { self.functions.js_calloc.unwrap()(self.opaque, 1, size as u64).cast() }
        }

        fn realloc(&mut self, at: *mut u8, size: usize) -> *mut u8 {
            // SAFETY: the tests pass blocks of this heap.
            unsafe {
                self.functions.js_realloc.unwrap()(self.opaque, at.cast(), size as u64).cast()
            }
        }

        fn free(&mut self, at: *mut u8) {
            // SAFETY: the tests pass blocks of this heap, once.
            unsafe { self.functions.js_free.unwrap()(self.opaque, at.cast()) }
        }

        fn usable(&self, at: *mut u8) -> usize {
            // SAFETY: the tests pass blocks of this heap.
            unsafe { self.functions.js_malloc_usable_size.unwrap()(at.cast()) as usize }
        }

        /// Bytes of scratch that take memory.
        fn resident_scratch(&self) -> usize {
            let scratch = self.heap.space_ref().scratch.clone();
            let mut pages = vec![0_u8; scratch.len() / page_bytes()];
            // SAFETY: asks about pages of the heap; `pages` has one byte for each.
            let asked = unsafe {
                libc::mincore(
                    scratch.start as *mut c_void,
                    scratch.len(),
                    pages.as_mut_ptr().cast(),
                )
            };
            assert_eq!(asked, 0, "{}", io::Error::last_os_error());
            pages.iter().filter(|it| **it & 1 != 0).count() * page_bytes()
        }

        fn fill(&mut self, at: *mut u8, len: usize, byte: u8) {
            assert!(self.heap.bytes(at, len).is_some(), "a block lies in the heap");
            // SAFETY: inside the heap, as was just checked.
            unsafe { ptr::write_bytes(at, byte, len) }
        }
    }

    /// xorshift64
    fn random(state: &mut u64) -> usize {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        (*state >> 11) as usize
    }

    /// The rollback itself compares every byte.
    #[test]
    fn rollback_restores_every_byte() {
        for tracking in TRACKINGS {
            let image_bytes = 3 << 20;
            let (mut client, block) = Client::sealed(image_bytes, tracking);
            let mut seed = 7;
            for round in 0..170 {
                // Enough for a reset now and then.
                let n_writes = if round % 80 > 75 { 3000 } else { 20 };
                for _ in 0..n_writes {
                    let at = block.wrapping_add(random(&mut seed) % (image_bytes - 8));
                    client.fill(at, 8, 0xee);
                }
                let size =
                    random(&mut seed) % [5000, SCRATCH / 2][usize::from(round % 16 == 0)] + 1;
                let scratch = client.malloc(size);
                client.fill(scratch, size, 0xdd);
                client.heap.rollback();
            }
        }
    }

    /// A page on the move looks like a swapped one; compaction moves pages at any
    /// time, and then a rollback that only copied present ones missed some.
    #[test]
    fn written_pages_that_are_not_present_count() {
        assert!(is_written(PAGEMAP_PRESENT));
        assert!(is_written(PAGEMAP_SWAPPED));
        assert!(!is_written(PAGEMAP_PRESENT | PAGEMAP_FILE));
        assert!(!is_written(0));
    }

    #[test]
    fn memory_that_the_system_will_not_take_back_is_rolled_back_all_the_same() {
        for tracking in TRACKINGS {
            let image_bytes = 1 << 20;
            let (mut client, block) = Client::sealed(image_bytes, tracking);
            client.fill(block, image_bytes, 0xee);
            client.heap.rollback();
            let scratch = client.malloc(KEEP_RESIDENT * 2);
            for at in [block, scratch.wrapping_add(KEEP_RESIDENT + 8192)] {
                // SAFETY: locks a page of the heap; changes nothing in it.
                let locked = unsafe { libc::mlock(at.cast(), 1) };
                assert_eq!(locked, 0, "{}", io::Error::last_os_error());
            }
            client.fill(scratch, KEEP_RESIDENT * 2, 0xdd);
            // One of these wants to drop the image's pages.
            for _ in 0..RESET_EVERY {
                client.fill(block, 1, 0xee);
                client.heap.rollback();
            }
        }
    }

    #[test]
    fn one_run_that_writes_everywhere_does_not_slow_down_all_that_follow() {
        for tracking in [Tracking::Userfault, Tracking::Scan, Tracking::Pagemap] {
            let image_bytes = 500 * page_bytes();
            let (mut client, block) = Client::sealed(image_bytes, tracking);
            let mut run = |len: usize| {
                client.fill(block, len, 0xee);
                client.heap.rollback().pages_copied
            };
            // The very first, and a later one.
            for n_before in [0, 2 * RESET_EVERY] {
                for _ in 0..n_before {
                    assert!(run(1) <= 2, "{tracking:?}");
                }
                assert!(run(image_bytes) >= 500);
                let slow = (0..2 * RESET_EVERY).filter(|_| run(1) > 2).count();
                assert!(slow < RESET_EVERY as usize, "{tracking:?}, {n_before}: {slow}");
                assert!(run(1) <= 2, "{tracking:?}, {n_before}");
            }
        }
    }

    #[test]
    fn scratch_stays_while_some_runs_need_it_and_then_goes_back() {
        const LARGE: usize = (1 << 20) - 2048;
        // The runs reach the end of the second: the allocator's last link lies there.
        for scratch in [SCRATCH, 1 << 20] {
            let (mut heap, file) =
                Heap::reserve(scratch, Tracking::Best, Verify::EachRollback).unwrap();
            heap.seal(file).unwrap();
            let (functions, opaque) = heap.allocator();
            let mut client = Client { heap, functions, opaque };
            let mut run = |n_bytes: usize| {
                while client.heap.reached() < n_bytes {
                    let block = client.malloc(1000);
                    client.fill(block, 1000, 0xdd);
                }
                client.heap.rollback();
                let end = client.heap.space_ref().scratch.end - LINK_BYTES;
                let link = client.heap.bytes(end as *const u8, LINK_BYTES).unwrap();
                assert!(link.iter().any(|byte| *byte != 0), "the allocator's last link");
                client.resident_scratch()
            };
            for n in 0..4 * RESET_EVERY {
                let resident = run(if n % (RESET_EVERY / 2) == 0 { LARGE } else { 1 });
                assert!(resident >= LARGE, "run {n}: {resident}");
            }
            for _ in 0..2 * RESET_EVERY {
                run(1);
            }
            let resident = run(1);
            assert!(resident <= 4 * page_bytes(), "{resident}");
            assert!(run(LARGE) >= LARGE, "it is there again");
        }
    }

    #[test]
    fn where_all_runs_write_much_the_image_is_not_reset() {
        let image_bytes = 500 * page_bytes();
        let (mut client, block) = Client::sealed(image_bytes, Tracking::Best);
        for _ in 0..3 * RESET_EVERY {
            client.fill(block, image_bytes, 0xee);
            assert!(client.heap.rollback().pages_copied >= 500);
        }
    }

    #[test]
    fn cleared_blocks_are_clear_whatever_was_in_them_before() {
        let (mut client, _) = Client::sealed(1 << 16, Tracking::Best);
        let mut seed = 11;
        for _ in 0..20 {
            let mut blocks: Vec<*mut u8> = Vec::new();
            for _ in 0..400 {
                let size = 1 + random(&mut seed) % [64, 4096, 100_000][random(&mut seed) % 3];
                match random(&mut seed) % 4 {
                    0 if !blocks.is_empty() => {
                        let idx = random(&mut seed) % blocks.len();
                        client.free(blocks.swap_remove(idx));
                        continue;
                    }
                    1 if !blocks.is_empty() => {
                        let idx = random(&mut seed) % blocks.len();
                        blocks[idx] = client.realloc(blocks[idx], size);
                    }
                    2 => blocks.push(client.malloc(size)),
                    _ => {
                        let block = client.calloc(size);
                        let bytes = client.heap.bytes(block, size).unwrap();
                        assert!(bytes.iter().all(|byte| *byte == 0), "{size} bytes");
                        blocks.push(block);
                    }
                }
                // All of it, as the engine does with what it asked the size of.
                let block = *blocks.last().unwrap();
                let usable = client.usable(block);
                client.fill(block, usable, 0xff);
                if client.heap.reached() > SCRATCH / 4 * 3 {
                    break;
                }
            }
            client.heap.rollback();
        }
    }

    /// What the engine says about where its texts lie is not trusted further.
    #[test]
    fn nothing_outside_of_the_regions_is_read() {
        let (client, _) = Client::sealed(1 << 16, Tracking::Best);
        let space = client.heap.space_ref();
        for region in [&space.image, &space.scratch] {
            let (start, end) = (region.start as *const u8, region.end as *const u8);
            let seen = |at, len| client.heap.bytes(at, len).map(<[u8]>::len);
            assert_eq!(seen(start, region.len()), Some(region.len()));
            assert_eq!(seen(end.wrapping_sub(1), 1), Some(1));
            assert_eq!(seen(start.wrapping_sub(1), 2), None);
            assert_eq!(seen(end.wrapping_sub(1), 2), None);
            assert_eq!(seen(end, 1), None);
            assert_eq!(seen(start, usize::MAX), None);
            assert_eq!(seen(end.wrapping_sub(1), usize::MAX), None);
        }
        // A range over both, and what is nobody's.
        let over_both = space.scratch.end - space.image.start;
        assert!(client.heap.bytes(space.image.start as *const u8, over_both).is_none());
        assert!(client.heap.bytes(ptr::null(), 8).is_none());
        assert!(client.heap.bytes((&raw const client).cast(), 8).is_none());
    }

    #[test]
    fn only_what_exceeds_the_whole_budget_is_refused() {
        let (mut client, _) = Client::sealed(1 << 16, Tracking::Best);
        assert!(!client.malloc(SCRATCH / 2).is_null());
        assert!(!client.heap.refused());
        assert!(client.malloc(SCRATCH + 1).is_null());
        assert!(client.calloc(SCRATCH + 1).is_null());
        assert!(client.heap.refused());
        client.heap.rollback();
        assert!(!client.heap.refused());
    }

    #[test]
    fn image_blocks_are_never_reused_and_grow_into_scratch() {
        let (mut client, block) = Client::sealed(1000, Tracking::Best);
        let size = client.usable(block);
        assert!(size >= 1000, "the engine's collector lives by sizes");
        assert_eq!(client.realloc(block, 900), block);
        assert_eq!(client.usable(block), size, "a size that changed would unbalance its sum");
        let moved = client.realloc(block, 5000);
        assert!(client.heap.reached() >= 5000);
        assert!(client.heap.bytes(moved, 900).unwrap().iter().all(|byte| *byte == 0x11));
        client.free(block);
        client.heap.rollback();
        assert_eq!(client.usable(block), size);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn no_child_and_no_core_dump_sees_the_range() {
        let (client, block) = Client::sealed(1 << 16, Tracking::Best);
        let scratch = client.heap.space_ref().scratch.start;
        let view = client.heap.pristine.as_ref().unwrap().view.start();
        let smaps = std::fs::read_to_string("/proc/self/smaps").unwrap();
        for at in [block as usize, scratch, view] {
            let mut is_inside = false;
            let flags = smaps.lines().find_map(|line| {
                let range = line.split(' ').next().and_then(|it| it.split_once('-'));
                if let Some((start, end)) = range
                    && let Ok(start) = usize::from_str_radix(start, 16)
                    && let Ok(end) = usize::from_str_radix(end, 16)
                {
                    is_inside = (start..end).contains(&at);
                }
                line.strip_prefix("VmFlags:").filter(|_| is_inside)
            });
            let flags: Vec<&str> = flags.unwrap().split_whitespace().collect();
            for flag in ["dc", "dd"] {
                assert!(flags.contains(&flag), "{flag} is missing in {flags:?}");
            }
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn nobody_can_write_to_a_sealed_file() {
        let file = linux::memory_file().unwrap();
        file.set_len(4096).unwrap();
        file.write_all_at(b"pristine", 0).unwrap();
        // As a child would hold it.
        let other = file.try_clone().unwrap();
        ImageFile(file).seal().unwrap();
        let refused = other.write_all_at(b"poisoned", 0).unwrap_err();
        assert_eq!(refused.raw_os_error(), Some(libc::EPERM));
        assert!(other.set_len(0).is_err());
    }
}
