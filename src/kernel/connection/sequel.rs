//! What a client says right after its answer, read by the worker that made it.
//!
//! The way over the connection's task wakes two threads in turn, which takes longer
//! than most runs; a worker that looks is awake. It takes one read's worth of lines up
//! to the first that asks for a run. Whatever else there is, a line that has only
//! begun, one more after the run, no permit, the end, is left to the task.

use std::{io, sync::Arc, thread, time::Instant};

use super::{Connection, Reading, Standing, Taken};
use crate::{
    kernel::lines::Line,
    pool::{Lookout, Seen},
    protocol::Message,
};

/// Holds a client's [`Reading`] from before its answer leaves, until it is dropped or
/// a look has found something.
pub(super) struct Sequel {
    connection: Arc<Connection>,
    /// Until it is given back.
    reading: Option<Reading>,
}

impl Sequel {
    /// Nothing if the client's task is at work on something.
    pub(super) fn begin(connection: &Arc<Connection>) -> Option<Sequel> {
        let mut at_rest = connection.at_rest.lock();
        // What is left over is the task's.
        let is_free = at_rest.as_ref().is_some_and(Reading::is_at_rest);
        if !is_free || connection.stream.shut_gate().is_err() {
            return None;
        }
        let reading = at_rest.take();
        drop(at_rest);
        Some(Sequel { connection: Arc::clone(connection), reading })
    }

    /// The task reads from here on. What is here already, the stream will not tell it.
    fn give_back(&mut self) {
        let Some(mut reading) = self.reading.take() else { return };
        reading.rest();
        let is_left_over = !reading.is_at_rest();
        let Connection { stream, at_rest, left_over, .. } = &*self.connection;
        let mut at_rest = at_rest.lock();
        *at_rest = Some(reading);
        let opened = stream.open_gate();
        drop(at_rest);
        if opened.is_err() {
            // Out of kernel memory; nobody would ever hear of this client again.
            stream.shut_down();
        }
        if is_left_over || opened.is_err() {
            left_over.notify_one();
        }
    }
}

impl Lookout for Sequel {
    fn look(&mut self) -> Seen {
        let connection = Arc::clone(&self.connection);
        let Some(reading) = &mut self.reading else { return Seen::Over };
        match connection.stream.look(reading.lines.spare()) {
            Ok(1..) => {}
            Err(err) if err.kind() == io::ErrorKind::WouldBlock => return Seen::Nothing,
            // The task will find the same.
            Ok(0) | Err(_) => {
                self.give_back();
                return Seen::Over;
            }
        }
        let arrived = Instant::now();
        while let Some(reading) = &mut self.reading {
            let permits = Arc::clone(&connection.permits);
            let permit = permits.try_acquire_owned().ok();
            let line = permit.and_then(|permit| Some((reading.lines.next()?, permit)));
            let Some((line, permit)) = line else {
                if reading.is_at_rest() {
                    return Seen::Nothing;
                }
                self.give_back();
                return Seen::Over;
            };
            // One read brings no large one.
            let taken = match line {
                Line::TooLong => Taken::TooLong,
                Line::Complete(at) => {
                    Taken::Whole(Message::parse(reading.lines.text(&at)), at.len())
                }
            };
            let is_run = matches!(taken, Taken::Whole(Ok(Message::Run(_)), _));
            reading.standing = connection.take_line(taken, arrived, reading.standing, permit);
            if is_run {
                // Not before it is in flight: what the task reads next may cancel it. But
                // before it runs, which is up to the caller.
                self.give_back();
                return Seen::Job;
            }
            if reading.standing == Standing::Expelled {
                self.give_back();
            }
        }
        Seen::Over
    }
}

impl Drop for Sequel {
    fn drop(&mut self) {
        if thread::panicking() {
            // The line is lost, and its answer: as for a task that panics.
            self.connection.outbox.close();
        }
        self.give_back();
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{BufRead, BufReader, Read, Write},
        os::unix::net::UnixStream,
        panic::{AssertUnwindSafe, catch_unwind},
        time::Duration,
    };

    use futures_util::FutureExt;
    use serde_json::{Value, json};
    use tokio::time::timeout;

    use super::*;
    use crate::{
        cli::Settings,
        kernel::{Holdings, Service, Shared, Stream, lines::LineBuffer},
        net::Reactor,
        token::Token,
    };

    const GREETING: &[u8] = b"{\"id\":1,\"code\":\"return 'hi'\"}\n";
    const PING: &[u8] = b"{\"id\":2,\"op\":\"ping\"}\n";

    struct Client {
        stream: BufReader<UnixStream>,
        connection: Arc<Connection>,
    }

    /// A client of ours that has been answered, and a connection whose task waits.
    fn with_client(n_in_flight: usize, test: impl AsyncFnOnce(Client)) {
        if !cfg!(target_os = "linux") {
            return;
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let config = Settings { n_workers: 1, n_in_flight, ..Settings::default() }.kernel(None);
        let shared = Arc::new(Shared {
            service: Service::start(config.service, Reactor::on_demand()).unwrap(),
            limits: config.limits,
            token: Some(Token::random().unwrap()),
            n_connections: 0.into(),
            places: Arc::new(tokio::sync::Semaphore::new(config.limits.n_requests)),
            holdings: Holdings::new(config.limits.held_bytes),
            lockdown: None,
        });
        runtime.block_on(async {
            let (near, far) = tokio::net::UnixStream::pair().unwrap();
            let far = far.into_std().unwrap();
            far.set_nonblocking(false).unwrap();
            far.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
            let connection = Connection::new(Stream::unix(near).unwrap(), shared);
            *connection.at_rest.lock() = Some(Reading {
                lines: LineBuffer::new(config.limits.line_bytes),
                held: connection.shared.holdings.hold_nothing(),
                standing: Standing::Known,
            });
            test(Client { stream: BufReader::new(far), connection }).await;
        });
    }

    impl Client {
        fn say(&mut self, bytes: &[u8]) {
            self.stream.get_mut().write_all(bytes).unwrap();
        }

        fn hear(&mut self) -> Value {
            let mut line = String::new();
            self.stream.read_line(&mut line).unwrap();
            let answer: Value = serde_json::from_str(&line).unwrap();
            json!([answer["id"], answer["ok"], answer["result"]])
        }

        /// What is not read yet, if the task can have it, and whether it was told.
        fn left(&self) -> Option<(String, bool)> {
            let mut reading = self.connection.at_rest.lock();
            let reading = reading.as_mut()?;
            let rest = reading.lines.next_or_last().map(|line| match line {
                Line::Complete(at) => String::from_utf8_lossy(reading.lines.text(&at)).into(),
                Line::TooLong => unreachable!(),
            });
            let told = self.connection.left_over.notified().now_or_never().is_some();
            Some((rest.unwrap_or_default(), told))
        }

        async fn is_readable(&self) -> bool {
            let patience = Duration::from_millis(50);
            timeout(patience, self.connection.stream.readable()).await.is_ok()
        }
    }

    #[test]
    fn a_run_is_found_and_the_task_listens_while_it_runs() {
        with_client(8, async |mut client| {
            let mut sequel = Sequel::begin(&client.connection).unwrap();
            assert_eq!(sequel.look(), Seen::Nothing);
            assert_eq!(client.left(), None);
            client.say(GREETING);
            assert!(!client.is_readable().await, "nobody else is woken for it");
            assert_eq!(sequel.look(), Seen::Job);
            assert_eq!(client.left(), Some((String::new(), false)));
            assert_eq!(client.hear(), json!([1, true, "hi"]));
            client.say(PING);
            assert!(client.is_readable().await);
            assert_eq!(sequel.look(), Seen::Over);
        });
    }

    #[test]
    fn what_asks_for_no_run_is_answered_and_the_look_goes_on() {
        with_client(8, async |mut client| {
            let mut sequel = Sequel::begin(&client.connection).unwrap();
            client.say(PING);
            assert_eq!(sequel.look(), Seen::Nothing);
            assert_eq!(client.hear(), json!([2, true, null]));
            client.say(b"{\"id\":3}\n");
            assert_eq!(sequel.look(), Seen::Nothing);
            assert_eq!(client.hear(), json!([3, false, null]));
            assert_eq!(client.left(), None);
            client.say(b"{\"op\":\"auth\",\"token\":\"x\"}\n");
            assert_eq!(sequel.look(), Seen::Over);
            assert_eq!(client.hear(), json!([null, false, null]));
            assert_eq!(client.left(), Some((String::new(), true)));
        });
    }

    #[test]
    fn what_is_not_simple_is_left_to_the_task_which_is_told() {
        // One that has only begun.
        with_client(8, async |mut client| {
            let mut sequel = Sequel::begin(&client.connection).unwrap();
            client.say(b"{\"id\":");
            assert_eq!(sequel.look(), Seen::Over);
            assert_eq!(client.left(), Some(("{\"id\":".to_owned(), true)));
        });
        // One more behind a run.
        with_client(8, async |mut client| {
            let mut sequel = Sequel::begin(&client.connection).unwrap();
            client.say(&[GREETING, b"next\n"].concat());
            assert_eq!(sequel.look(), Seen::Job);
            // Also if the run has its answer before the task has woken.
            assert!(Sequel::begin(&client.connection).is_none());
            assert_eq!(client.left(), Some(("next".to_owned(), true)));
            assert_eq!(client.hear(), json!([1, true, "hi"]));
        });
        // One for which there is no permit.
        with_client(1, async |mut client| {
            let permit = client.connection.permit().await;
            let mut sequel = Sequel::begin(&client.connection).unwrap();
            client.say(PING);
            assert_eq!(sequel.look(), Seen::Over);
            let ping = String::from_utf8_lossy(PING).trim_end().to_owned();
            assert_eq!(client.left(), Some((ping, true)));
            drop(permit);
        });
    }

    #[test]
    fn the_end_is_left_to_the_task_which_finds_it() {
        with_client(8, async |mut client| {
            let mut sequel = Sequel::begin(&client.connection).unwrap();
            client.stream = BufReader::new(UnixStream::pair().unwrap().0);
            assert_eq!(sequel.look(), Seen::Over);
            assert_eq!(client.left(), Some((String::new(), false)));
            assert!(client.is_readable().await);
            assert_eq!(
                client.connection.stream.try_read_buf(&mut Vec::with_capacity(1)).ok(),
                Some(0)
            );
        });
    }

    #[test]
    fn one_reads_at_a_time_and_what_came_meanwhile_is_told() {
        with_client(8, async |mut client| {
            let sequel = Sequel::begin(&client.connection);
            assert!(sequel.is_some());
            assert!(Sequel::begin(&client.connection).is_none());
            client.say(PING);
            drop(sequel);
            assert!(client.is_readable().await);
            // Also if it had been told of something before, which was read since.
            let mut sequel = Sequel::begin(&client.connection).unwrap();
            assert_eq!(sequel.look(), Seen::Nothing);
            client.connection.stream.forget_readable();
            client.say(GREETING);
            drop(sequel);
            assert!(client.is_readable().await);
        });
    }

    #[test]
    fn a_panic_closes_the_connection_as_the_tasks_own_would() {
        with_client(8, async |mut client| {
            let sequel = Sequel::begin(&client.connection).unwrap();
            let panicked = catch_unwind(AssertUnwindSafe(|| {
                let _sequel = sequel;
                panic!("on purpose");
            }));
            assert!(panicked.is_err());
            assert_eq!(client.stream.read(&mut [0]).unwrap(), 0);
            assert!(client.is_readable().await);
        });
    }
}
