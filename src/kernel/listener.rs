//! Taking an endpoint: exactly one kernel gets it, nobody else may speak there.
//!
//! A Unix path is guarded by a lock file beside it, so that a stale socket can
//! be taken over without a race. Nothing that is not a dead socket of this user
//! is ever deleted.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io,
    net::{SocketAddr, TcpListener as StdTcpListener, ToSocketAddrs},
    os::unix::{
        fs::{FileTypeExt, MetadataExt, OpenOptionsExt},
        net::{UnixListener as StdUnixListener, UnixStream},
    },
    path::{Path, PathBuf},
};

use rustix::{
    fs::Mode,
    net::{AddressFamily, SocketAddrUnix, SocketType, bind, listen, socket},
};

use crate::endpoint::Endpoint;

/// Which addresses a TCP endpoint may have.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reach {
    /// Only this machine can connect.
    Loopback,
    /// Asked for by name, with `--listen-public`.
    Public,
}

/// Connections that the system holds until they are accepted.
const BACKLOG: i32 = 1_024;

#[derive(Debug)]
pub(super) enum Listener {
    Unix {
        socket: StdUnixListener,
        /// `None` where somebody else keeps the path.
        claim: Option<Claim>,
    },
    Tcp {
        socket: StdTcpListener,
    },
}

/// A listening socket that whoever started us has opened, such as systemd. The
/// path stays theirs.
#[derive(Debug)]
pub enum Inherited {
    Unix(StdUnixListener),
    Tcp(StdTcpListener),
}

impl Listener {
    pub(super) fn bind(endpoint: &Endpoint, reach: Reach) -> io::Result<Listener> {
        let res = match endpoint {
            Endpoint::Unix(path) => {
                let (socket, claim) = Claim::take(path)?;
                socket.set_nonblocking(true)?;
                Listener::Unix { socket, claim: Some(claim) }
            }
            Endpoint::Tcp { host, port } => {
                let addresses: Vec<_> = (&**host, *port)
                    .to_socket_addrs()
                    .map_err(|err| with_context(&err, &format!("cannot look up {host}")))?
                    .collect();
                allow(endpoint, reach, &addresses)?;
                let socket = StdTcpListener::bind(&*addresses)
                    .map_err(|err| with_context(&err, &format!("cannot listen on {endpoint}")))?;
                socket.set_nonblocking(true)?;
                Listener::Tcp { socket }
            }
        };
        Ok(res)
    }

    pub(super) fn inherit(inherited: Inherited, reach: Reach) -> io::Result<Listener> {
        let res = match inherited {
            Inherited::Unix(socket) => {
                socket.set_nonblocking(true)?;
                Listener::Unix { socket, claim: None }
            }
            Inherited::Tcp(socket) => {
                socket.set_nonblocking(true)?;
                Listener::Tcp { socket }
            }
        };
        if let Listener::Tcp { socket } = &res {
            allow(&res.endpoint()?, reach, &[socket.local_addr()?])?;
        }
        Ok(res)
    }

    /// The path that is ours to remove.
    pub(super) fn path(&self) -> Option<&Path> {
        match self {
            Listener::Unix { claim: Some(claim), .. } => Some(&claim.path),
            Listener::Unix { claim: None, .. } | Listener::Tcp { .. } => None,
        }
    }

    /// Where clients find this; a port of 0 has become a real one.
    pub(super) fn endpoint(&self) -> io::Result<Endpoint> {
        match self {
            Listener::Unix { claim: Some(claim), .. } => Ok(Endpoint::Unix(claim.path.clone())),
            Listener::Unix { socket, claim: None } => {
                let address = socket.local_addr()?;
                let path = address.as_pathname().ok_or_else(|| {
                    refused("the inherited socket has no path that clients could use".to_owned())
                })?;
                Ok(Endpoint::Unix(path.to_owned()))
            }
            Listener::Tcp { socket } => {
                let address = socket.local_addr()?;
                Ok(Endpoint::Tcp { host: address.ip().to_string(), port: address.port() })
            }
        }
    }
}

/// Whether we may listen there.
fn allow(endpoint: &Endpoint, reach: Reach, addresses: &[SocketAddr]) -> io::Result<()> {
    let is_public = addresses.iter().any(|it| !it.ip().is_loopback());
    if is_public && reach == Reach::Loopback {
        return Err(refused(format!(
            "{endpoint} can be reached from other machines; `--listen-public` allows that"
        )));
    }
    Ok(())
}

/// The right to serve at a path. Dropping it removes the socket.
#[derive(Debug)]
pub(super) struct Claim {
    path: PathBuf,
    /// Device and inode of our socket: another kernel's is not ours to remove.
    identity: (u64, u64),
    /// Released after the socket is gone, by being dropped last.
    _lock: Lock,
}

impl Claim {
    fn take(path: &Path) -> io::Result<(StdUnixListener, Claim)> {
        let shown = path.display();
        let address = SocketAddrUnix::new(path).map_err(|_err| {
            refused(format!("{shown} is too long for a socket; the system allows about 100 bytes"))
        })?;
        let lock = Lock::take(path)?;
        remove_stale(path)?;
        let socket = socket(AddressFamily::UNIX, SocketType::STREAM, None)?;
        rustix::io::fcntl_setfd(&socket, rustix::io::FdFlags::CLOEXEC)?;
        let private = Mode::RUSR | Mode::WUSR;
        // Linux makes the file with the mode that the socket has, so that there
        // is no instant at which somebody else could connect.
        #[cfg(target_os = "linux")]
        rustix::fs::fchmod(&socket, private)?;
        #[cfg(not(target_os = "linux"))]
        let umask = rustix::process::umask(Mode::from_raw_mode(0o177));
        let bound = bind(&socket, &address);
        #[cfg(not(target_os = "linux"))]
        rustix::process::umask(umask);
        bound.map_err(|err| with_context(&err.into(), &format!("cannot listen on {shown}")))?;
        let metadata = fs::symlink_metadata(path)?;
        let identity = (metadata.dev(), metadata.ino());
        let claim = Claim { path: path.to_owned(), identity, _lock: lock };
        if metadata.mode() & 0o077 != 0 {
            return Err(refused(format!("{shown} cannot be made private to this user")));
        }
        listen(&socket, BACKLOG)?;
        Ok((StdUnixListener::from(socket), claim))
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let is_ours =
            fs::symlink_metadata(&self.path).is_ok_and(|it| (it.dev(), it.ino()) == self.identity);
        if is_ours {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// A lock file beside the socket, held as long as this lives.
#[derive(Debug)]
struct Lock {
    path: PathBuf,
    file: File,
}

impl Lock {
    fn take(socket: &Path) -> io::Result<Lock> {
        let mut path = socket.as_os_str().to_owned();
        path.push(".lock");
        let path = PathBuf::from(path);
        loop {
            let file = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(false)
                .mode(0o600)
                .custom_flags(libc::O_NOFOLLOW)
                .open(&path)
                .map_err(|err| with_context(&err, &format!("cannot open {}", path.display())))?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Err(in_use(socket)),
                Err(TryLockError::Error(err)) => return Err(err),
            }
            // The kernel before us may have removed the file that we locked;
            // then somebody else can lock its successor.
            let lock = Lock { path: path.clone(), file };
            if lock.is_current() {
                return Ok(lock);
            }
        }
    }

    /// Whether the path still leads to the file that is locked.
    fn is_current(&self) -> bool {
        let identity = |it: fs::Metadata| (it.dev(), it.ino());
        let locked = self.file.metadata().map(identity).ok();
        locked.is_some() && locked == fs::symlink_metadata(&self.path).map(identity).ok()
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Still locked here: whoever opens the file later makes a new one. Another
        // kernel's is not ours to remove.
        if self.is_current() {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// With the lock held: makes the path free, if what is there may be removed.
fn remove_stale(path: &Path) -> io::Result<()> {
    let shown = path.display();
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(err) => return Err(with_context(&err, &format!("cannot look at {shown}"))),
    };
    if !metadata.file_type().is_socket() {
        return Err(refused(format!("{shown} exists and is not a socket; it is left alone")));
    }
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return Err(refused(format!("{shown} belongs to another user (uid {})", metadata.uid())));
    }
    match UnixStream::connect(path) {
        Ok(_live) => Err(in_use(path)),
        Err(err) if err.kind() == io::ErrorKind::ConnectionRefused => fs::remove_file(path),
        Err(err) => Err(with_context(&err, &format!("cannot tell who serves {shown}"))),
    }
}

fn in_use(path: &Path) -> io::Error {
    let message = format!("a kernel is already listening on {}", path.display());
    io::Error::new(io::ErrorKind::AddrInUse, message)
}

fn refused(message: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, message)
}

/// The kind stays: tests ask whether sockets are forbidden here.
fn with_context(err: &io::Error, what: &str) -> io::Error {
    io::Error::new(err.kind(), format!("{what}: {err}"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn take(path: &Path) -> Result<Claim, String> {
        Claim::take(path).map(|(_socket, claim)| claim).map_err(|err| err.to_string())
    }

    #[test]
    fn a_socket_is_private_and_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("k");
        let (socket, claim) = Claim::take(&path).unwrap();
        assert_eq!(fs::symlink_metadata(&path).unwrap().mode() & 0o777, 0o600);
        drop((socket, claim));
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
    }

    #[test]
    fn exactly_one_gets_the_path() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("k");
        let _first = Claim::take(&path).unwrap();
        let expected = format!("a kernel is already listening on {}", path.display());
        assert_eq!(take(&path).unwrap_err(), expected);
    }

    #[test]
    fn a_stale_socket_is_taken_over_and_a_live_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("k");
        let live = StdUnixListener::bind(&path).unwrap();
        let expected = format!("a kernel is already listening on {}", path.display());
        assert_eq!(take(&path).unwrap_err(), expected);
        drop(live);
        take(&path).unwrap();
    }

    #[test]
    fn what_somebody_else_has_put_there_meanwhile_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("k");
        let first = Claim::take(&path).unwrap();
        fs::remove_file(&path).unwrap();
        fs::remove_file(folder.path().join("k.lock")).unwrap();
        let second = Claim::take(&path).unwrap();
        drop(first);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 2);
        UnixStream::connect(&path).unwrap();
        drop(second);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
        let claim = Claim::take(&path).unwrap();
        fs::remove_file(&path).unwrap();
        fs::write(&path, "mine").unwrap();
        drop(claim);
        assert_eq!(fs::read(&path).unwrap(), b"mine");
    }

    #[test]
    fn what_is_not_a_socket_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("k");
        let expected = format!("{} exists and is not a socket; it is left alone", path.display());
        fs::write(&path, "mine").unwrap();
        assert_eq!(take(&path).unwrap_err(), expected);
        assert_eq!(fs::read(&path).unwrap(), b"mine");
        fs::remove_file(&path).unwrap();
        symlink("elsewhere", &path).unwrap();
        assert_eq!(take(&path).unwrap_err(), expected);
    }

    #[test]
    fn a_path_that_no_socket_can_have_is_refused() {
        let path = PathBuf::from(format!("/tmp/{}", "x".repeat(200)));
        let expected = format!(
            "{} is too long for a socket; the system allows about 100 bytes",
            path.display()
        );
        assert_eq!(take(&path).unwrap_err(), expected);
    }

    #[test]
    fn a_public_address_needs_to_be_asked_for() {
        let endpoint = "tcp://0.0.0.0:0".parse().unwrap();
        let err = Listener::bind(&endpoint, Reach::Loopback).unwrap_err();
        assert_eq!(
            err.to_string(),
            "tcp://0.0.0.0:0 can be reached from other machines; `--listen-public` allows that"
        );
    }
}
