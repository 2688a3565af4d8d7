//! A scan that is waited for, in the order in which the scans are asked about.

use std::cmp::Ordering;

use jiff::Timestamp;

use super::settle::Awaited;

/// A scan to be asked about at a time.
pub(super) struct Waiting {
    pub(super) at: Timestamp,
    pub(super) awaited: Awaited,
}

impl Waiting {
    fn order(&self) -> impl Ord + '_ {
        (self.at, &self.awaited.repository, self.awaited.image.digest)
    }
}

impl PartialEq for Waiting {
    fn eq(&self, other: &Self) -> bool {
        self.order() == other.order()
    }
}

impl Eq for Waiting {}

impl PartialOrd for Waiting {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Waiting {
    fn cmp(&self, other: &Self) -> Ordering {
        self.order().cmp(&other.order())
    }
}
