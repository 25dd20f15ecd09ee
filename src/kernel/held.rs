//! One bound for what all connections hold together: lines that are being read,
//! requests without an answer, and answers that nobody has taken.
//!
//! The limits of one connection times all connections are more than any machine
//! has. This counts; who is refused when there is no room is decided where that
//! happens.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

use crate::protocol::{Failure, FailureKind};

/// What all connections hold, in bytes.
#[derive(Debug)]
pub(super) struct Holdings {
    n_bytes: AtomicUsize,
    limit: usize,
}

/// A part of it, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Held {
    holdings: Arc<Holdings>,
    n_bytes: usize,
}

/// Others hold too much.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct NoRoom {
    limit: usize,
}

/// So much is never refused: who sends and takes little must not be locked out by
/// who does not.
pub(super) const SMALL: usize = 64 << 10;

impl Holdings {
    pub(super) fn new(limit: usize) -> Arc<Holdings> {
        Arc::new(Holdings { n_bytes: AtomicUsize::new(0), limit })
    }

    pub(super) fn n_bytes(&self) -> usize {
        self.n_bytes.load(Relaxed)
    }

    pub(super) fn hold_nothing(self: &Arc<Holdings>) -> Held {
        Held { holdings: Arc::clone(self), n_bytes: 0 }
    }
}

impl Held {
    /// Holds so much from now on, or as much as before where there is no room.
    pub(super) fn resize(&mut self, n_bytes: usize) -> Result<(), NoRoom> {
        let Holdings { n_bytes: all, limit } = &*self.holdings;
        if n_bytes <= self.n_bytes {
            all.fetch_sub(self.n_bytes - n_bytes, Relaxed);
        } else {
            let more = n_bytes - self.n_bytes;
            let before = all.fetch_add(more, Relaxed);
            if n_bytes > SMALL && before + more > *limit {
                all.fetch_sub(more, Relaxed);
                return Err(NoRoom { limit: *limit });
            }
        }
        self.n_bytes = n_bytes;
        Ok(())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.holdings.n_bytes.fetch_sub(self.n_bytes, Relaxed);
    }
}

impl NoRoom {
    /// For a request that comes at the wrong time.
    pub(super) fn for_request(self) -> Failure {
        let message = format!("clients hold {} bytes, which is the limit", self.limit);
        Failure::new(FailureKind::Busy, message).with_hint(
            "nothing has run; try again after a pause, or raise `--max-held` of the kernel",
        )
    }

    /// For an answer that nobody could keep.
    pub(super) fn for_answer(self, n_bytes: usize) -> Failure {
        let message = format!(
            "no room for an answer of {n_bytes} bytes: clients hold {}, which is the limit",
            self.limit
        );
        Failure::new(FailureKind::TooLarge, message).with_hint(
            "the snippet has run; read answers as they come, return less, \
             or raise `--max-held` of the kernel",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_share_one_bound_and_little_always_passes() {
        let holdings = Holdings::new(3 << 20);
        let (mut first, mut second) = (holdings.hold_nothing(), holdings.hold_nothing());
        first.resize(2 << 20).unwrap();
        second.resize(1 << 20).unwrap();
        assert_eq!(second.resize((1 << 20) + 1), Err(NoRoom { limit: 3 << 20 }));
        holdings.hold_nothing().resize(SMALL).unwrap();
        assert_eq!(holdings.n_bytes(), 3 << 20);
        first.resize(1).unwrap();
        second.resize(2 << 20).unwrap();
        drop((first, second));
        assert_eq!(holdings.n_bytes(), 0);
    }
}
