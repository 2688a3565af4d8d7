//! How long things took, counted into buckets.

use super::exposition::Samples;

/// From the answer out of memory to the query that somebody should look at.
const BOUNDS: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// Observations by the smallest bound that they do not exceed.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Histogram {
    /// One for each bound, and one for what exceeds all of them.
    buckets: [u64; BOUNDS.len() + 1],
    sum: f64,
}

impl Histogram {
    pub(super) fn observe(&mut self, seconds: f64) {
        let bucket = BOUNDS.iter().position(|bound| seconds <= *bound).unwrap_or(BOUNDS.len());
        self.buckets[bucket] += 1;
        self.sum += seconds;
    }

    /// Writes its lines: each bucket holds those below it too.
    pub(super) fn write(&self, samples: &mut Samples<'_>, labels: &[&str]) {
        let mut count = 0;
        let bounds = BOUNDS.iter().map(|bound| format!("{bound:?}")).chain(["+Inf".to_owned()]);
        for (bound, bucket) in bounds.zip(self.buckets) {
            count += bucket;
            samples.put_part("_bucket", labels, Some(("le", &bound)), count);
        }
        samples.put_part("_sum", labels, None, self.sum);
        samples.put_part("_count", labels, None, count);
    }
}
