//! One client's socket, and whose business it is that something has come.
//!
//! Reads and writes are plain calls that never block, on whatever thread. As long as
//! the gate is open, the kernel's thread is woken for what comes; a worker that is
//! about to look for itself shuts it, and nobody is woken twice for one line.
//! What is read and written is not known here.

use std::{
    io,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    time::Duration,
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::{read, write},
    net::{Shutdown, shutdown},
};
use tokio::{
    io::{Interest, unix::AsyncFd},
    net::{TcpStream, UnixStream},
    time::{sleep, timeout},
};

/// How long a client may take none of the bytes that are meant for it.
pub(super) const STALL: Duration = Duration::from_secs(30);
/// How long a connection that is not being read waits before it is watched for
/// whether anybody is still there; most waits are over by then.
const HANGUP_PATIENCE: Duration = Duration::from_millis(10);

#[derive(Debug)]
pub(super) struct Stream {
    socket: OwnedFd,
    gate: AsyncFd<OwnedFd>,
}

impl Stream {
    pub(super) fn unix(stream: UnixStream) -> io::Result<Stream> {
        Stream::new(stream.into_std()?.into())
    }

    pub(super) fn tcp(stream: TcpStream) -> io::Result<Stream> {
        Stream::new(stream.into_std()?.into())
    }

    fn new(socket: OwnedFd) -> io::Result<Stream> {
        let gate = register(gate::create(socket.as_fd())?, Interest::READABLE)?;
        Ok(Stream { socket, gate })
    }

    /// That there is something to read, or that there will be nothing more; also
    /// after each [`Stream::open_gate`] that finds it so.
    pub(super) async fn readable(&self) -> io::Result<()> {
        self.gate.readable().await.map(drop)
    }

    /// What `readable` said was somebody else's.
    pub(super) fn forget_readable(&self) {
        let would_block = |_: &OwnedFd| Err::<(), _>(io::ErrorKind::WouldBlock.into());
        let _ = self.gate.try_io(Interest::READABLE, would_block);
    }

    /// For the kernel's thread, after `readable`: appends what is there.
    pub(super) fn try_read_buf(&self, buffer: &mut Vec<u8>) -> io::Result<usize> {
        let read_now = |_: &OwnedFd| self.look(buffer);
        self.gate.try_io(Interest::READABLE, read_now)
    }

    /// For whoever has shut the gate: appends what is there.
    pub(super) fn look(&self, buffer: &mut Vec<u8>) -> io::Result<usize> {
        Ok(read(&self.socket, rustix::buffer::spare_capacity(buffer))?)
    }

    /// From here on `readable` says nothing. An error means that it still does.
    pub(super) fn shut_gate(&self) -> io::Result<()> {
        gate::shut(self.gate.get_ref().as_fd(), self.socket.as_fd())
    }

    /// After an error the gate stays shut.
    pub(super) fn open_gate(&self) -> io::Result<()> {
        gate::open(self.gate.get_ref().as_fd(), self.socket.as_fd())
    }

    pub(super) fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        Ok(write(&self.socket, bytes)?)
    }

    /// For the rare case that there was no room.
    pub(super) async fn writable(&self) -> io::Result<()> {
        self.write_events()?.writable().await.map(drop)
    }

    pub(super) async fn write_all(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.try_write(bytes) {
                Ok(n) => bytes = &bytes[n..],
                Err(err) if err.kind() == io::ErrorKind::WouldBlock => {
                    timeout(STALL, self.writable()).await??;
                }
                Err(err) if err.kind() == io::ErrorKind::Interrupted => {}
                Err(err) => return Err(err),
            }
        }
        Ok(())
    }

    /// Both ways.
    pub(super) fn shut_down(&self) {
        // It fails when the other end was quicker.
        let _ = shutdown(&self.socket, Shutdown::Both);
    }

    /// Whether the other end is closed both ways. A half-close is none, and TCP
    /// cannot tell the two apart until it is spoken to.
    fn is_hung_up(&self) -> bool {
        let mut fds = [PollFd::new(&self.socket, PollFlags::empty())];
        // Asks for nothing: hang-ups and errors are always reported.
        let n_events = poll(&mut fds, Some(&Timespec { tv_sec: 0, tv_nsec: 0 }));
        n_events.is_ok_and(|it| it > 0)
    }

    pub(super) async fn hung_up(&self) {
        if self.is_hung_up() {
            return;
        }
        sleep(HANGUP_PATIENCE).await;
        let events = self.write_events();
        while !self.is_hung_up() {
            match &events {
                // Each event says that the client has taken something, or is gone.
                Ok(events) => match events.writable().await {
                    Ok(mut ready) if !ready.ready().is_write_closed() => ready.clear_ready(),
                    // An error means that the runtime ends.
                    Ok(_) | Err(_) => return,
                },
                // Out of descriptors.
                Err(_) => sleep(HANGUP_PATIENCE).await,
            }
        }
    }

    /// The same socket once more: writing is seldom waited for, and whoever is
    /// registered for it is woken by each answer that the client takes.
    fn write_events(&self) -> io::Result<AsyncFd<OwnedFd>> {
        register(self.socket.try_clone()?, Interest::WRITABLE)
    }
}

#[expect(
    deprecated,
    reason = "what replaces it is unsafe, for types that may name a descriptor of somebody else's"
)]
fn register(fd: OwnedFd, interest: Interest) -> io::Result<AsyncFd<OwnedFd>> {
    AsyncFd::with_interest(fd, interest)
}

impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// An epoll instance between the socket and tokio's. Shut, it holds nothing. It is
/// emptied rather than told to ignore: only what is added anew is sure to be reported
/// when it is ready already (`ep_insert` and `ep_modify` in the system's
/// fs/eventpoll.c).
#[cfg(target_os = "linux")]
mod gate {
    use std::{
        io,
        os::fd::{AsFd, BorrowedFd, OwnedFd},
    };

    use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};

    pub(super) fn create(socket: BorrowedFd<'_>) -> io::Result<OwnedFd> {
        let gate = epoll::create(CreateFlags::CLOEXEC)?;
        open(gate.as_fd(), socket)?;
        Ok(gate)
    }

    pub(super) fn shut(gate: BorrowedFd<'_>, socket: BorrowedFd<'_>) -> io::Result<()> {
        Ok(epoll::delete(gate, socket)?)
    }

    pub(super) fn open(gate: BorrowedFd<'_>, socket: BorrowedFd<'_>) -> io::Result<()> {
        let events = EventFlags::IN | EventFlags::RDHUP;
        Ok(epoll::add(gate, socket, EventData::new_u64(0), events)?)
    }
}

/// The socket once more, and always open: here the kernel's thread reads everything.
#[cfg(not(target_os = "linux"))]
mod gate {
    use std::{
        io,
        os::fd::{BorrowedFd, OwnedFd},
    };

    pub(super) fn create(socket: BorrowedFd<'_>) -> io::Result<OwnedFd> {
        socket.try_clone_to_owned()
    }

    pub(super) fn shut(_: BorrowedFd<'_>, _: BorrowedFd<'_>) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(super) fn open(_: BorrowedFd<'_>, _: BorrowedFd<'_>) -> io::Result<()> {
        Ok(())
    }
}
