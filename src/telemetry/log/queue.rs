//! Lines on their way to whoever takes them, in a bounded buffer.
//!
//! To wake a thread costs more than to make a line, so the writer is woken only
//! when it sleeps: having written, it looks again after [`PAUSE`], and sleeps when
//! nothing has come meanwhile. So a busy kernel wakes nobody, and an idle one has
//! nobody who looks. Nobody who pushes ever waits for the target.

use std::{
    io::{self, Write},
    mem,
    sync::atomic::Ordering::Relaxed,
    time::Duration,
};

use memchr::{memchr, memchr_iter, memrchr};
use parking_lot::{Condvar, Mutex, MutexGuard};

use super::LOST;

/// Text that may wait; a line beyond it is dropped.
const MAX_BYTES: usize = 4 << 20;
/// Between two looks of a writer that has had something to write.
const PAUSE: Duration = Duration::from_millis(10);
/// What a closing queue gives its target for what is left.
const PATIENCE: Duration = Duration::from_secs(1);
/// Whole lines up to this size are written at a time: so much a pipe takes in one
/// piece, whoever else writes to it.
const PIECE: usize = 4_096;
/// Room that an idle queue keeps.
const KEPT: usize = 64 << 10;

#[derive(Debug, Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    /// The writer sleeps on it.
    changed: Condvar,
    /// Whoever closes waits on it.
    is_over: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Whole lines.
    text: Vec<u8>,
    writer: Writer,
    is_closing: bool,
}

#[derive(Debug, Default, Eq, PartialEq)]
enum Writer {
    /// It will look again by itself.
    #[default]
    Awake,
    Asleep,
    Over,
}

impl Queue {
    /// Takes one line, or drops it.
    pub(super) fn push(&self, line: &[u8]) {
        let mut state = self.state.lock();
        if state.text.len() + line.len() > MAX_BYTES {
            LOST.fetch_add(1, Relaxed);
            return;
        }
        state.text.extend_from_slice(line);
        if state.writer == Writer::Asleep {
            state.writer = Writer::Awake;
            drop(state);
            self.changed.notify_one();
        }
    }

    /// Gives the writer a moment for what is left.
    pub(super) fn close(&self) {
        let mut state = self.state.lock();
        state.is_closing = true;
        self.changed.notify_one();
        let is_busy = |state: &mut State| state.writer != Writer::Over;
        self.is_over.wait_while_for(&mut state, is_busy, PATIENCE);
    }

    /// Writes what comes until the queue is closed.
    pub(super) fn write_to(&self, target: impl Write) {
        let mut target = Target { inner: target, is_in_line: false };
        let mut text = Vec::new();
        let mut state = self.state.lock();
        loop {
            if state.text.is_empty() {
                if state.is_closing {
                    break;
                }
                state.writer = Writer::Asleep;
                self.changed.wait(&mut state);
                state.writer = Writer::Awake;
                continue;
            }
            mem::swap(&mut state.text, &mut text);
            MutexGuard::unlocked(&mut state, || {
                target.write(&text);
                text.clear();
                text.shrink_to(KEPT);
            });
            if !state.is_closing {
                self.changed.wait_for(&mut state, PAUSE);
            }
        }
        state.writer = Writer::Over;
        self.is_over.notify_one();
    }
}

struct Target<W> {
    inner: W,
    /// It took half a line and then no more.
    is_in_line: bool,
}

impl<W: Write> Target<W> {
    fn write(&mut self, text: &[u8]) {
        let mut rest = text;
        while !rest.is_empty() {
            let end = memrchr(b'\n', &rest[..rest.len().min(PIECE)]);
            let end = end.or_else(|| memchr(b'\n', rest)).map_or(rest.len(), |it| it + 1);
            let (piece, after) = rest.split_at(end);
            self.write_piece(piece);
            rest = after;
        }
    }

    /// What does not go is lost; half a line that is tried again would be two.
    fn write_piece(&mut self, piece: &[u8]) {
        if self.is_in_line {
            self.is_in_line = self.inner.write_all(b"\n").is_err();
        }
        let mut rest = piece;
        while !rest.is_empty() && !self.is_in_line {
            match self.inner.write(rest) {
                Ok(n) if n > 0 => rest = &rest[n..],
                Err(err) if err.kind() == io::ErrorKind::Interrupted => {}
                Ok(_) | Err(_) => break,
            }
        }
        let written = piece.len() - rest.len();
        self.is_in_line |= written > 0 && piece[written - 1] != b'\n';
        LOST.fetch_add(memchr_iter(b'\n', rest).count() as u64, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, thread, time::Instant};

    use super::*;

    /// Takes what `room` says, call by call, and then everything.
    #[derive(Default)]
    struct Disk {
        room: Vec<usize>,
        text: Vec<u8>,
    }

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let room = if self.room.is_empty() { usize::MAX } else { self.room.remove(0) };
            let n = room.min(bytes.len());
            self.text.extend_from_slice(&bytes[..n]);
            if n > 0 { Ok(n) } else { Err(io::ErrorKind::StorageFull.into()) }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[track_caller]
    fn check(room: &[usize], pieces: &[&str], expected: &str) {
        let inner = Disk { room: room.to_vec(), text: Vec::new() };
        let mut target = Target { inner, is_in_line: false };
        for piece in pieces {
            target.write(piece.as_bytes());
        }
        assert_eq!(String::from_utf8(target.inner.text).unwrap(), expected);
    }

    #[test]
    fn half_a_line_stays_one_line() {
        check(&[], &["ab\n", "cd\n"], "ab\ncd\n");
        check(&[0], &["ab\n", "cd\n"], "cd\n");
        check(&[1, 0], &["ab\n", "cd\n"], "a\ncd\n");
        check(&[1, 0, 0], &["ab\n", "cd\n", "ef\n"], "a\nef\n");
        check(&[1, 2], &["ab\n", "cd\n"], "ab\ncd\n");
        check(&[3, 0], &["ab\ncd\n", "ef\n"], "ab\nef\n");
    }

    #[test]
    fn lines_are_written_whole_and_in_pieces_that_a_pipe_takes() {
        struct Pieces(Vec<usize>);
        impl Write for Pieces {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                assert!(bytes.ends_with(b"\n"));
                self.0.push(bytes.len());
                Ok(bytes.len())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let line = |n_bytes: usize| format!("{}\n", "x".repeat(n_bytes - 1));
        let text = [line(3_000), line(1_000), line(97), line(9_000), line(1)].concat();
        let mut target = Target { inner: Pieces(Vec::new()), is_in_line: false };
        target.write(text.as_bytes());
        assert_eq!(target.inner.0, [4_000, 97, 9_000, 1]);
    }

    #[test]
    fn nobody_waits_for_a_target_that_takes_nothing() {
        struct Stuck(std::sync::mpsc::Receiver<()>);
        impl Write for Stuck {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                let _ = self.0.recv();
                Ok(bytes.len())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let (go, wait) = std::sync::mpsc::channel();
        let queue = Arc::new(Queue::default());
        let theirs = Arc::clone(&queue);
        let writer = thread::spawn(move || theirs.write_to(Stuck(wait)));
        let line = vec![b'\n'; 1 << 20];
        queue.push(&line);
        while !queue.state.lock().text.is_empty() {
            thread::yield_now();
        }
        let lost = LOST.load(Relaxed);
        (0..5).for_each(|_| queue.push(&line));
        assert!(LOST.load(Relaxed) > lost, "one was dropped");
        assert_eq!(queue.state.lock().text.len(), MAX_BYTES);
        let start = Instant::now();
        queue.close();
        assert!(start.elapsed() >= PATIENCE, "it waits for what is left");
        drop(go);
        writer.join().unwrap();
        assert_eq!(queue.state.lock().text.len(), 0);
    }
}
