//! Randomness from the operating system. Nothing is buffered: what is in no
//! memory of ours cannot be drawn twice.

use super::{Arg, Op, Reply, clock::Clock};

/// As much as `crypto.getRandomValues` may ask for.
const MAX_BYTES: f64 = 65_536.0;

pub(crate) fn random_bytes(clock: &Clock, args: &[Arg<'_>]) -> Reply {
    let &[Arg::Number(n)] = args else { return Reply::bad_args(Op::RandomBytes) };
    if !(0.0..=MAX_BYTES).contains(&n) {
        return Reply::bad_args(Op::RandomBytes);
    }
    if let Clock::Building = clock {
        // It would be sealed, and every run would draw the same.
        return Reply::throw(
            "Error",
            "a bundle may not draw random numbers while the image is built",
        );
    }
    let mut bytes = vec![0; n as usize];
    match getrandom::fill(&mut bytes) {
        Ok(()) => Reply::Bytes(bytes),
        Err(err) => Reply::throw("Error", format!("no random bytes from the system: {err}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_as_many_as_asked_for() {
        let clock = Clock::start();
        for n in [0, 1, 65_536] {
            let Reply::Bytes(bytes) = random_bytes(&clock, &[Arg::Number(f64::from(n))]) else {
                panic!("no bytes");
            };
            assert_eq!(bytes.len(), n as usize);
        }
    }

    #[test]
    fn wrong_amounts_are_refused() {
        for n in [-1.0, 65_537.0, f64::NAN, f64::INFINITY] {
            let reply = random_bytes(&Clock::start(), &[Arg::Number(n)]);
            assert_eq!(reply, Reply::bad_args(Op::RandomBytes));
        }
    }

    #[test]
    fn no_random_numbers_while_an_image_is_built() {
        assert_eq!(
            random_bytes(&Clock::Building, &[Arg::Number(8.0)]),
            Reply::throw("Error", "a bundle may not draw random numbers while the image is built")
        );
    }
}
