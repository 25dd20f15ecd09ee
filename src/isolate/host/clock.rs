//! Clocks as a run sees them. They are coarse (0.1 ms): a finer one would show
//! a run which pages of the image earlier runs had touched.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::Reply;

/// The time of one run, or of none.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Clock {
    /// An image is being built. What a bundle read here would be the same in
    /// every run, so it is refused.
    Building,
    Running {
        began: Instant,
        began_wall: SystemTime,
    },
}

impl Clock {
    /// The clock of a run that begins now.
    pub(crate) fn start() -> Clock {
        Clock::Running { began: Instant::now(), began_wall: SystemTime::now() }
    }

    pub(crate) fn wall_clock(&self) -> Reply {
        self.read(|_, _| since_epoch(SystemTime::now()))
    }

    pub(crate) fn elapsed(&self) -> Reply {
        self.read(|began, _| began.elapsed())
    }

    pub(crate) fn time_origin(&self) -> Reply {
        self.read(|_, began_wall| since_epoch(began_wall))
    }

    fn read(&self, read: impl Fn(Instant, SystemTime) -> Duration) -> Reply {
        match *self {
            Clock::Building => {
                Reply::throw("Error", "a bundle may not read a clock while the image is built")
            }
            Clock::Running { began, began_wall } => {
                Reply::Number((read(began, began_wall).as_micros() / 100) as f64 / 10.0)
            }
        }
    }
}

fn since_epoch(time: SystemTime) -> Duration {
    // A clock set before 1970 reads as 1970.
    time.duration_since(UNIX_EPOCH).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_are_coarse() {
        let clock = Clock::Running {
            began: Instant::now(),
            began_wall: UNIX_EPOCH + Duration::from_nanos(1_234_567_891),
        };
        assert_eq!(clock.time_origin(), Reply::Number(1234.5));
    }

    #[test]
    fn no_clock_while_an_image_is_built() {
        let refusal =
            Reply::throw("Error", "a bundle may not read a clock while the image is built");
        assert_eq!(Clock::Building.wall_clock(), refusal);
        assert_eq!(Clock::Building.elapsed(), refusal);
        assert_eq!(Clock::Building.time_origin(), refusal);
    }
}
