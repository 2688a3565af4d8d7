//! Token buckets, one for each registry and operation, filled by the simulator's clock.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, RwLock};

use serde::{Deserialize, Serialize};

use crate::clock::Moment;
use crate::locks::{lock, read, write};
use crate::registry::RegistryId;

/// How many requests an operation takes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    /// Requests a second, in the long run; above 0.
    pub rate: f64,
    /// Requests at once, after a pause; 1 or more.
    pub burst: f64,
}

/// The buckets of all registries.
#[derive(Debug, Default)]
pub(crate) struct Buckets {
    limits: RwLock<BTreeMap<String, RateLimit>>,
    levels: Mutex<HashMap<(RegistryId, String), Level>>,
}

#[derive(Debug, Clone, Copy)]
struct Level {
    tokens: f64,
    at: Moment,
}

impl Buckets {
    pub(crate) fn new(limits: BTreeMap<String, RateLimit>) -> Self {
        Self { limits: RwLock::new(limits), levels: Mutex::default() }
    }

    pub(crate) fn set(&self, operation: &str, limit: Option<RateLimit>) {
        match limit {
            Some(limit) => write(&self.limits).insert(operation.to_owned(), limit),
            None => write(&self.limits).remove(operation),
        };
        lock(&self.levels).retain(|(_, other), _| other != operation);
    }

    /// Whether this request may pass.
    pub(crate) fn pass(&self, registry: &RegistryId, operation: &str, now: Moment) -> bool {
        let Some(limit) = read(&self.limits).get(operation).copied() else { return true };
        let mut levels = lock(&self.levels);
        let full = Level { tokens: limit.burst, at: now };
        let level = levels.entry((registry.clone(), operation.to_owned())).or_insert(full);
        let (next, pass) = draw(*level, limit, now);
        *level = next;
        pass
    }
}

/// Fills the bucket up to `now` and takes a token, if there is one.
fn draw(level: Level, limit: RateLimit, now: Moment) -> (Level, bool) {
    let seconds = (now - level.at).as_secs_f64().max(0.0);
    let tokens = (level.tokens + seconds * limit.rate).min(limit.burst);
    let pass = tokens >= 1.0;
    (Level { tokens: if pass { tokens - 1.0 } else { tokens }, at: now }, pass)
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    #[test]
    fn a_bucket_gives_its_burst_and_then_its_rate() {
        let limit = RateLimit { rate: 2.0, burst: 3.0 };
        let mut now = Moment::from_millis(0);
        let mut level = Level { tokens: limit.burst, at: now };
        let mut take = |now| {
            let (next, pass) = draw(level, limit, now);
            level = next;
            pass
        };
        assert_eq!([take(now), take(now), take(now), take(now)], [true, true, true, false]);
        now = now + SignedDuration::from_millis(500);
        assert_eq!([take(now), take(now)], [true, false]);
        now = now + SignedDuration::from_hours(1);
        assert_eq!([take(now), take(now), take(now), take(now)], [true, true, true, false]);
    }

    #[test]
    fn registries_and_operations_do_not_share_a_bucket() {
        let buckets = Buckets::default();
        buckets.set("DescribeImages", Some(RateLimit { rate: 1.0, burst: 1.0 }));
        let registry = |region: &str| RegistryId { account: "123456789012".into(), region: region.into() };
        let now = Moment::from_millis(0);
        assert!(buckets.pass(&registry("eu-west-1"), "DescribeImages", now));
        assert!(!buckets.pass(&registry("eu-west-1"), "DescribeImages", now));
        assert!(buckets.pass(&registry("us-east-1"), "DescribeImages", now));
        assert!(buckets.pass(&registry("eu-west-1"), "ListImages", now));
    }
}
