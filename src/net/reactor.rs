//! What drives host calls: the kernel's tokio runtime, or one that starts with the
//! first call. Runs no snippet and knows nothing of what the calls do.

use std::{io, thread};

use parking_lot::Mutex;
use tokio::{
    runtime::{Builder, Handle},
    sync::oneshot,
};

/// Threads for work that blocks: name look-ups, compression and the like.
pub(crate) const BLOCKING_THREADS: usize = 16;

/// Where host calls are spawned.
#[derive(Debug)]
pub struct Reactor(Kind);

#[derive(Debug)]
enum Kind {
    Given(Handle),
    /// `None` until it is needed: most snippets of an embedded run-code call
    /// nobody, and must not wait for threads to start.
    OnDemand(Mutex<Option<Own>>),
}

/// A thread that drives a runtime; ends on drop, without waiting for anybody.
#[derive(Debug)]
struct Own {
    handle: Handle,
    _until_dropped: oneshot::Sender<()>,
}

impl Reactor {
    /// One that somebody else drives, for longer than any run lasts.
    pub fn of(handle: Handle) -> Reactor {
        Reactor(Kind::Given(handle))
    }

    pub fn on_demand() -> Reactor {
        Reactor(Kind::OnDemand(Mutex::new(None)))
    }

    pub(crate) fn handle(&self) -> io::Result<Handle> {
        match &self.0 {
            Kind::Given(handle) => Ok(handle.clone()),
            Kind::OnDemand(own) => {
                let mut own = own.lock();
                let own = match own.take() {
                    Some(it) => own.insert(it),
                    None => own.insert(Own::start()?),
                };
                Ok(own.handle.clone())
            }
        }
    }
}

impl Own {
    fn start() -> io::Result<Own> {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(BLOCKING_THREADS)
            .build()?;
        let handle = runtime.handle().clone();
        let (until_dropped, dropped) = oneshot::channel();
        thread::Builder::new().name("host-calls".to_owned()).spawn(move || {
            // Only ever an error: the sender is dropped, never used.
            let _ = runtime.block_on(dropped);
            runtime.shutdown_background();
        })?;
        Ok(Own { handle, _until_dropped: until_dropped })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reactor_on_demand_starts_once_and_works() {
        let reactor = Reactor::on_demand();
        let (sender, receiver) = std::sync::mpsc::channel();
        for n in 0..2 {
            let sender = sender.clone();
            reactor.handle().unwrap().spawn(async move { sender.send(n).unwrap() });
            assert_eq!(receiver.recv(), Ok(n));
        }
        assert_eq!(reactor.handle().unwrap().id(), reactor.handle().unwrap().id());
    }
}
