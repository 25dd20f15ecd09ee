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

use self::gate::Gate;

/// How long a client may take none of the bytes that are meant for it.
pub(super) const STALL: Duration = Duration::from_secs(30);
/// How long a connection that is not being read waits before it is watched for
/// whether anybody is still there; most waits are over by then.
const HANGUP_PATIENCE: Duration = Duration::from_millis(10);

#[derive(Debug)]
pub(super) struct Stream {
    socket: OwnedFd,
    gate: Gate,
}

impl Stream {
    pub(super) fn unix(stream: UnixStream) -> io::Result<Stream> {
        Stream::new(stream.into_std()?.into())
    }

    pub(super) fn tcp(stream: TcpStream) -> io::Result<Stream> {
        Stream::new(stream.into_std()?.into())
    }

    fn new(socket: OwnedFd) -> io::Result<Stream> {
        let gate = Gate::new(socket.as_fd())?;
        Ok(Stream { socket, gate })
    }

    /// That there is something to read, or that there will be nothing more; also
    /// after each [`Stream::open_gate`] that finds it so.
    pub(super) async fn readable(&self) -> io::Result<()> {
        self.gate.readiness().readable().await.map(drop)
    }

    /// What `readable` said was somebody else's.
    pub(super) fn forget_readable(&self) {
        let would_block = |_: &OwnedFd| Err::<(), _>(io::ErrorKind::WouldBlock.into());
        let _ = self.gate.readiness().try_io(Interest::READABLE, would_block);
    }

    /// For the kernel's thread, after `readable`: appends what is there.
    pub(super) fn try_read_buf(&self, buffer: &mut Vec<u8>) -> io::Result<usize> {
        let read_now = |_: &OwnedFd| self.look(buffer);
        self.gate.readiness().try_io(Interest::READABLE, read_now)
    }

    /// For whoever has shut the gate: appends what is there.
    pub(super) fn look(&self, buffer: &mut Vec<u8>) -> io::Result<usize> {
        Ok(read(&self.socket, rustix::buffer::spare_capacity(buffer))?)
    }

    /// From here on `readable` says nothing. An error means that it still does.
    pub(super) fn shut_gate(&self) -> io::Result<()> {
        self.gate.shut(self.socket.as_fd())
    }

    /// After an error the gate stays shut.
    pub(super) fn open_gate(&self) -> io::Result<()> {
        self.gate.open(self.socket.as_fd())
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

#[cfg(target_os = "linux")]
mod gate {
    use std::{
        io,
        os::fd::{BorrowedFd, OwnedFd},
    };

    use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
    use tokio::io::{Interest, unix::AsyncFd};

    /// An epoll instance between the socket and tokio's. Shut, it holds nothing.
    /// It is emptied rather than told to ignore: only what is added anew is sure to
    /// be reported when it is ready already (`ep_insert` and `ep_modify` in the
    /// system's fs/eventpoll.c).
    #[derive(Debug)]
    pub(super) struct Gate(AsyncFd<OwnedFd>);

    impl Gate {
        pub(super) fn new(socket: BorrowedFd<'_>) -> io::Result<Gate> {
            let epoll = epoll::create(CreateFlags::CLOEXEC)?;
            let gate = Gate(super::register(epoll, Interest::READABLE)?);
            gate.open(socket)?;
            Ok(gate)
        }

        pub(super) fn readiness(&self) -> &AsyncFd<OwnedFd> {
            &self.0
        }

        pub(super) fn shut(&self, socket: BorrowedFd<'_>) -> io::Result<()> {
            Ok(epoll::delete(self.0.get_ref(), socket)?)
        }

        pub(super) fn open(&self, socket: BorrowedFd<'_>) -> io::Result<()> {
            let events = EventFlags::IN | EventFlags::RDHUP;
            Ok(epoll::add(self.0.get_ref(), socket, EventData::new_u64(0), events)?)
        }
    }
}

/// Always open: here the kernel's thread reads everything.
#[cfg(not(target_os = "linux"))]
mod gate {
    use std::{
        io,
        os::fd::{BorrowedFd, OwnedFd},
    };

    use tokio::io::{Interest, unix::AsyncFd};

    #[derive(Debug)]
    pub(super) struct Gate(AsyncFd<OwnedFd>);

    impl Gate {
        pub(super) fn new(socket: BorrowedFd<'_>) -> io::Result<Gate> {
            let socket = socket.try_clone_to_owned()?;
            Ok(Gate(super::register(socket, Interest::READABLE)?))
        }

        pub(super) fn readiness(&self) -> &AsyncFd<OwnedFd> {
            &self.0
        }

        pub(super) fn shut(&self, _: BorrowedFd<'_>) -> io::Result<()> {
            Err(io::ErrorKind::Unsupported.into())
        }

        pub(super) fn open(&self, _: BorrowedFd<'_>) -> io::Result<()> {
            Ok(())
        }
    }
}
