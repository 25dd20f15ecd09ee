//! Answers on their way to one client: each line whole, in the order in which they
//! were made.
//!
//! Whoever has made an answer writes it, on whatever thread that is: waking another
//! one for it takes longer than the writing. What the socket has no room for is
//! left to the connection's own task. Nothing here bounds how much that may be;
//! that is the connection's business.

use std::{collections::VecDeque, io, sync::Arc};

use parking_lot::Mutex;
use tokio::{sync::Notify, time::timeout};

use super::stream::{STALL, Stream};

/// See the module. A receipt is dropped once its line is sent, or never will be.
#[derive(Debug)]
pub(super) struct Outbox<R> {
    stream: Arc<Stream>,
    unsent: Mutex<Unsent<R>>,
    /// There is something for [`Outbox::deliver`].
    left_over: Notify,
}

#[derive(Debug)]
struct Unsent<R> {
    lines: VecDeque<(Vec<u8>, R)>,
    /// Bytes of the first line that are sent.
    n_sent: usize,
    is_closed: bool,
}

impl<R> Outbox<R> {
    pub(super) fn new(stream: Arc<Stream>) -> Outbox<R> {
        let unsent = Unsent { lines: VecDeque::new(), n_sent: 0, is_closed: false };
        Outbox { stream, unsent: Mutex::new(unsent), left_over: Notify::new() }
    }

    pub(super) fn send(&self, line: Vec<u8>, receipt: R) {
        let mut unsent = self.unsent.lock();
        if unsent.is_closed {
            return;
        }
        unsent.lines.push_back((line, receipt));
        // With others before it, the task is at work already.
        if unsent.lines.len() == 1 {
            // An error is for the task to find: it ends the connection.
            let _ = unsent.write(&self.stream);
            if !unsent.lines.is_empty() {
                self.left_over.notify_one();
            }
        }
    }

    /// Sends what did not fit, until the client cannot take it. Never returns Ok.
    pub(super) async fn deliver(&self) -> io::Result<()> {
        loop {
            self.left_over.notified().await;
            while self.write()? {
                timeout(STALL, self.stream.writable()).await??;
            }
        }
    }

    /// Whether something is left.
    fn write(&self) -> io::Result<bool> {
        let mut unsent = self.unsent.lock();
        unsent.write(&self.stream)?;
        Ok(!unsent.lines.is_empty())
    }

    /// Nothing is sent from here on, and the client sees the end. Those who still
    /// have an answer to send keep the socket itself open for that long.
    pub(super) fn close(&self) {
        let mut unsent = self.unsent.lock();
        unsent.is_closed = true;
        unsent.lines.clear();
        self.stream.shut_down();
    }
}

impl<R> Unsent<R> {
    /// As much as the socket takes.
    fn write(&mut self, stream: &Stream) -> io::Result<()> {
        while let Some((line, _receipt)) = self.lines.front() {
            match stream.try_write(&line[self.n_sent..]) {
                Ok(n) => {
                    self.n_sent += n;
                    if self.n_sent == line.len() {
                        self.n_sent = 0;
                        self.lines.pop_front();
                    }
                }
                Err(err) if err.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(err) if err.kind() == io::ErrorKind::Interrupted => {}
                Err(err) => return Err(err),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use tokio::{io::AsyncReadExt, net::UnixStream, select};

    use super::*;

    fn on_runtime(test: impl Future<Output = ()>) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(test);
    }

    /// Counts itself while it waits for its line to be sent.
    struct Receipt(#[expect(dead_code, reason = "its reference count is read")] Arc<()>);

    #[test]
    fn lines_arrive_whole_and_in_order_whoever_sends_them() {
        on_runtime(async {
            let (near, mut far) = UnixStream::pair().unwrap();
            let outbox = Outbox::new(Arc::new(Stream::unix(near).unwrap()));
            let count = Arc::new(());
            let n_bytes = 1 << 20;
            let mut expected = Vec::new();
            for byte in [b'a', b'b', b'c'] {
                // Larger than any socket's buffer, then smaller.
                for line in [vec![byte; n_bytes], vec![byte, b'\n']] {
                    expected.extend_from_slice(&line);
                    outbox.send(line, Receipt(Arc::clone(&count)));
                }
            }
            let mut came = vec![0; expected.len()];
            select! {
                end = outbox.deliver() => panic!("{end:?}"),
                read = far.read_exact(&mut came) => { read.unwrap(); }
            }
            assert!(came == expected);
            assert_eq!(Arc::strong_count(&count), 1);
            // With nothing before it, a line needs no task.
            outbox.send(b"d\n".to_vec(), Receipt(Arc::clone(&count)));
            assert_eq!(Arc::strong_count(&count), 1);
            far.read_exact(&mut came[..2]).await.unwrap();
            assert_eq!(came[..2], *b"d\n");
        });
    }

    #[test]
    fn a_client_that_is_gone_ends_the_task_and_closing_ends_the_client() {
        on_runtime(async {
            let (near, far) = UnixStream::pair().unwrap();
            let outbox = Outbox::new(Arc::new(Stream::unix(near).unwrap()));
            drop(far);
            outbox.send(b"a\n".to_vec(), ());
            let err = outbox.deliver().await.unwrap_err();
            assert_eq!(err.kind(), io::ErrorKind::BrokenPipe);

            let (near, mut far) = UnixStream::pair().unwrap();
            let outbox = Outbox::new(Arc::new(Stream::unix(near).unwrap()));
            let count = Arc::new(());
            outbox.send(vec![b'a'; 1 << 20], Receipt(Arc::clone(&count)));
            assert_eq!(Arc::strong_count(&count), 2);
            outbox.close();
            outbox.send(b"b\n".to_vec(), Receipt(Arc::clone(&count)));
            assert_eq!(Arc::strong_count(&count), 1);
            let mut came = Vec::new();
            far.read_to_end(&mut came).await.unwrap();
            assert!(came.len() < 1 << 20 && came.iter().all(|it| *it == b'a'));
        });
    }
}
