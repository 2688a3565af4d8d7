//! When news is told: not while more of the same may be coming in, and not late.

use jiff::{SignedDuration, Timestamp};

/// However much is still coming, no change waits longer than so many times what is waited for more of the same.
const AT_LATEST: i32 = 3;

/// Whether what is untold is to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ripe {
    /// Now.
    Now,
    /// Not before this.
    At(Timestamp),
}

/// Whether changes of which these are the first and the last are to be told now. So long after the last of a run nothing more
/// is expected to come: the images of one push are scanned side by side, and what they have in common is to be one message.
pub fn ripe(first: Timestamp, last: Timestamp, settled: SignedDuration, now: Timestamp) -> Ripe {
    let after = |at: Timestamp, wait| at.checked_add(wait).unwrap_or(Timestamp::MAX);
    let longest = settled.checked_mul(AT_LATEST).unwrap_or(settled);
    let at = after(last, settled).min(after(first, longest));
    if now < at { Ripe::At(at) } else { Ripe::Now }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::now;

    #[track_caller]
    fn check(first: i64, last: i64, expected: Option<i64>) {
        let ago = |seconds| now() - SignedDuration::from_secs(seconds);
        let expected = expected.map_or(Ripe::Now, |wait| Ripe::At(now() + SignedDuration::from_secs(wait)));
        assert_eq!(ripe(ago(first), ago(last), SignedDuration::from_secs(10), now()), expected);
    }

    #[test]
    fn it_waits_for_what_comes_together_but_not_for_ever() {
        check(0, 0, Some(10));
        check(4, 4, Some(6));
        check(10, 10, None);
        check(25, 1, Some(5));
        check(30, 0, None);
    }
}
