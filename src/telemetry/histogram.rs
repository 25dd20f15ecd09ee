//! Durations in fixed buckets: recording is two atomic additions and a maximum,
//! never a lock. Buckets are fine enough for percentiles; a third of their bounds
//! go to Prometheus.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

/// Bounds per decade, in tenths.
const STEPS: [u64; 6] = [10, 15, 20, 30, 50, 70];
/// From 1 µs to 100 s.
const N_BOUNDS: usize = STEPS.len() * 8 + 1;
/// Upper bounds of the buckets, inclusive, in nanoseconds.
const BOUNDS: [u64; N_BOUNDS] = {
    let mut res = [0; N_BOUNDS];
    let mut unit = 100;
    let mut idx = 0;
    while idx < N_BOUNDS {
        res[idx] = STEPS[idx % STEPS.len()] * unit;
        idx += 1;
        if idx % STEPS.len() == 0 {
            unit *= 10;
        }
    }
    res
};

#[derive(Debug)]
pub(super) struct Histogram {
    /// The last one takes what is above every bound.
    buckets: [AtomicU64; N_BOUNDS + 1],
    sum_ns: AtomicU64,
    max_ns: AtomicU64,
}

/// Percentiles, estimated from the buckets; nobody has seen anything above `max`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Percentiles {
    pub count: u64,
    pub p50: Duration,
    pub p90: Duration,
    pub p99: Duration,
    pub max: Duration,
}

impl Histogram {
    pub(super) fn new() -> Histogram {
        Histogram {
            buckets: std::array::from_fn(|_idx| AtomicU64::new(0)),
            sum_ns: AtomicU64::new(0),
            max_ns: AtomicU64::new(0),
        }
    }

    pub(super) fn record(&self, duration: Duration) {
        let ns = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        let idx = BOUNDS.partition_point(|bound| *bound < ns);
        self.buckets[idx].fetch_add(1, Relaxed);
        self.sum_ns.fetch_add(ns, Relaxed);
        self.max_ns.fetch_max(ns, Relaxed);
    }

    pub(super) fn percentiles(&self) -> Percentiles {
        let buckets: Vec<u64> = self.buckets.iter().map(|it| it.load(Relaxed)).collect();
        let max = self.max_ns.load(Relaxed);
        let count = buckets.iter().sum();
        let at = |share: f64| Duration::from_nanos(percentile(&buckets, count, share, max));
        let max = Duration::from_nanos(max);
        Percentiles { count, p50: at(0.50), p90: at(0.90), p99: at(0.99), max }
    }

    /// Bounds in seconds with the cumulative count of each, then sum and count.
    pub(super) fn cumulative(&self) -> (Vec<(f64, u64)>, f64, u64) {
        let mut so_far = 0;
        let mut res = Vec::new();
        for (idx, bound) in BOUNDS.iter().enumerate() {
            so_far += self.buckets[idx].load(Relaxed);
            if matches!(STEPS[idx % STEPS.len()], 10 | 20 | 50) {
                res.push((*bound as f64 / 1e9, so_far));
            }
        }
        so_far += self.buckets[N_BOUNDS].load(Relaxed);
        (res, self.sum_ns.load(Relaxed) as f64 / 1e9, so_far)
    }
}

/// The value below which `share` of all lie, as if they were spread evenly over
/// their bucket.
fn percentile(buckets: &[u64], count: u64, share: f64, max: u64) -> u64 {
    let rank = share * count as f64;
    let mut below = 0;
    for (idx, n) in buckets.iter().enumerate() {
        if *n > 0 && (below + n) as f64 >= rank {
            let from = if idx == 0 { 0 } else { BOUNDS[idx - 1] };
            let to = BOUNDS.get(idx).copied().unwrap_or(max).min(max);
            let part = (rank - below as f64) / *n as f64;
            return from + (to.saturating_sub(from) as f64 * part) as u64;
        }
        below += n;
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn micros(us: u64) -> Duration {
        Duration::from_micros(us)
    }

    #[test]
    fn bounds_rise_from_a_microsecond_to_a_hundred_seconds() {
        assert_eq!((BOUNDS[0], BOUNDS[N_BOUNDS - 1]), (1_000, 100_000_000_000));
        assert!(BOUNDS.is_sorted());
    }

    #[test]
    fn percentiles_are_close_and_the_maximum_is_exact() {
        let histogram = Histogram::new();
        assert_eq!(histogram.percentiles(), Percentiles::default());
        for us in 1..=10_000 {
            histogram.record(micros(us));
        }
        let Percentiles { count, p50, p90, p99, max } = histogram.percentiles();
        assert_eq!((count, max), (10_000, micros(10_000)));
        for (got, exact) in [(p50, 5_000.0), (p90, 9_000.0), (p99, 9_900.0)] {
            let ratio = got.as_secs_f64() * 1e6 / exact;
            assert!((0.95..1.05).contains(&ratio), "{got:?} for {exact} µs");
        }
    }

    #[test]
    fn one_value_is_every_percentile() {
        let histogram = Histogram::new();
        histogram.record(Duration::from_secs(1_000));
        let Percentiles { p50, p99, max, .. } = histogram.percentiles();
        assert_eq!(max, Duration::from_secs(1_000));
        assert!(p50 <= p99 && p99 <= max, "{p50:?} {p99:?}");
    }

    #[test]
    fn cumulative_counts_end_with_all() {
        let histogram = Histogram::new();
        for us in [1, 2, 150, 1_000_000_000] {
            histogram.record(micros(us));
        }
        let (bounds, sum, count) = histogram.cumulative();
        assert_eq!((bounds.len(), count), (25, 4));
        assert_eq!(&bounds[..2], &[(1e-6, 1), (2e-6, 2)]);
        assert_eq!(bounds[24], (100.0, 3));
        assert!((sum - 1_000.000_153).abs() < 1e-9, "{sum}");
    }
}
