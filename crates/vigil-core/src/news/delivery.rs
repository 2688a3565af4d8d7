//! What becomes of a message that could not be delivered: when it is tried again, and when it is given up.

use jiff::{SignedDuration, Timestamp};

/// How often a message was tried, and since when it waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempts {
    /// How often it was tried, this time included.
    pub made: u32,
    /// When it was first to be delivered.
    pub since: Timestamp,
}

/// How long a sink is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// After this, a message that still could not be delivered is a dead letter.
    pub deadline: SignedDuration,
}

/// A message that a sink did not take.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct NotDelivered {
    /// In words, without secrets.
    pub reason: String,
    /// Whether another attempt makes sense.
    pub retry: Retry,
    /// How far it got, for the sink itself: what it has taken already is not told again.
    pub reached: Option<String>,
}

/// Whether another attempt makes sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// Later; not sooner than the sink says.
    Later(Option<SignedDuration>),
    /// It will never be taken as it is.
    Never,
}

/// What is done next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum After {
    /// It is tried again then.
    Again(Timestamp),
    /// It is given up, and kept as a dead letter.
    Dead,
}

/// The first wait. Most of what fails once does well a moment later.
const FIRST: SignedDuration = SignedDuration::from_secs(5);

/// No wait is longer, or a sink that is back would hear of it too late.
const LONGEST: SignedDuration = SignedDuration::from_mins(15);

/// Decides after a failed attempt.
pub fn after(attempts: Attempts, failure: &NotDelivered, patience: &Patience, now: Timestamp) -> After {
    let Retry::Later(asked) = failure.retry else { return After::Dead };
    let doubled = FIRST.checked_mul(1 << attempts.made.saturating_sub(1).min(16)).unwrap_or(LONGEST);
    let wait = doubled.min(LONGEST).max(asked.unwrap_or_default());
    let (again, end) = (now.checked_add(wait), attempts.since.checked_add(patience.deadline));
    match (again, end) {
        (Ok(again), Ok(end)) if again <= end => After::Again(again),
        // One last time at the deadline itself, unless the sink asked for longer.
        (Ok(_), Ok(end)) if now < end && asked.is_none_or(|asked| now + asked <= end) => After::Again(end),
        _ => After::Dead,
    }
}

/// The longest that a message which is not taken holds back the others of its sink, if the sink does not ask for more: it
/// may be the message, and not the sink, that is at fault.
const HOLDS_BACK: SignedDuration = SignedDuration::from_secs(30);

/// Until when a sink is left alone that has not taken a message, which is tried again at `again`.
pub fn pause(failure: &NotDelivered, again: Timestamp, now: Timestamp) -> Timestamp {
    let Retry::Later(asked) = failure.retry else { return now };
    let longest = now.checked_add(asked.unwrap_or(HOLDS_BACK)).unwrap_or(Timestamp::MAX);
    again.min(longest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::now;

    const HOUR: Patience = Patience { deadline: SignedDuration::from_hours(1) };

    #[track_caller]
    fn check(made: u32, waited: i64, retry: Retry, expected: Option<i64>) {
        let failure = NotDelivered { reason: "503".into(), retry, reached: None };
        let attempts = Attempts { made, since: now() - SignedDuration::from_secs(waited) };
        let expected =
            expected.map_or(After::Dead, |wait| After::Again(now() + SignedDuration::from_secs(wait)));
        assert_eq!(after(attempts, &failure, &HOUR, now()), expected);
    }

    #[test]
    fn waits_double_up_to_a_quarter_of_an_hour_and_end_at_the_deadline() {
        let later = Retry::Later(None);
        check(1, 0, later, Some(5));
        check(2, 5, later, Some(10));
        check(6, 155, later, Some(160));
        check(40, 1000, later, Some(900));
        check(10, 3500, later, Some(100));
        check(11, 3600, later, None);
    }

    #[test]
    fn a_sink_that_names_a_wait_is_heard_and_one_that_never_takes_it_is_not_asked_again() {
        check(1, 0, Retry::Later(Some(SignedDuration::from_secs(30))), Some(30));
        check(1, 3590, Retry::Later(Some(SignedDuration::from_secs(30))), None);
        check(1, 0, Retry::Never, None);
    }
}
