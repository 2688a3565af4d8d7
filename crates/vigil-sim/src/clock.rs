//! The simulator's own clock: held and moved by hand, or running with real time plus an offset.
//!
//! The only file that reads real time. It refuses to know what the time is used for.

use std::ops::{Add, Sub};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// A clock that tests move. Everything the simulator does reads the time here.
#[derive(Debug)]
pub struct SimClock(Mutex<State>);

#[derive(Debug, Clone, Copy)]
struct State {
    at: Moment,
    /// When the clock was last set or moved; `None` while it is held.
    since: Option<Instant>,
}

impl SimClock {
    /// A clock that runs with real time, starting at `start`.
    #[must_use]
    pub fn running_from(start: Timestamp) -> Self {
        Self(Mutex::new(State { at: Moment::from(start), since: Some(ticks()) }))
    }

    /// A clock that stands still at `start` until it is moved by hand.
    #[must_use]
    pub fn held_at(start: Timestamp) -> Self {
        Self(Mutex::new(State { at: Moment::from(start), since: None }))
    }

    /// The simulated time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.moment().timestamp()
    }

    /// Moves the clock forward (or back, with a negative duration) and returns the new time.
    pub fn advance(&self, by: SignedDuration) -> Timestamp {
        let mut state = self.state();
        *state = State { at: state.current() + by, since: state.since.map(|_| ticks()) };
        state.at.timestamp()
    }

    /// Sets the clock; it keeps running, or stays held, as before.
    pub fn set(&self, to: Timestamp) {
        let mut state = self.state();
        *state = State { at: Moment::from(to), since: state.since.map(|_| ticks()) };
    }

    /// Stops the clock where it is.
    pub fn hold(&self) {
        let mut state = self.state();
        *state = State { at: state.current(), since: None };
    }

    /// Lets a held clock run on with real time.
    pub fn run(&self) {
        let mut state = self.state();
        *state = State { at: state.current(), since: Some(ticks()) };
    }

    /// Whether the clock stands still.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.state().since.is_none()
    }

    pub(crate) fn moment(&self) -> Moment {
        self.state().current()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn current(&self) -> Moment {
        match self.since {
            Some(since) => Moment(self.at.0 + i64::try_from(since.elapsed().as_millis()).unwrap_or(0)),
            None => self.at,
        }
    }
}

/// A point in simulated time, to the millisecond, as ECR prints it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Moment(i64);

impl Moment {
    pub(crate) const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    pub(crate) fn millis(self) -> i64 {
        self.0
    }

    /// The last full hour.
    pub(crate) fn hour(self) -> Self {
        Self(self.0 - self.0.rem_euclid(3_600_000))
    }

    pub(crate) fn timestamp(self) -> Timestamp {
        Timestamp::from_millisecond(self.0).unwrap_or(Timestamp::UNIX_EPOCH)
    }
}

impl From<Timestamp> for Moment {
    fn from(timestamp: Timestamp) -> Self {
        Self(timestamp.as_millisecond())
    }
}

impl Add<SignedDuration> for Moment {
    type Output = Self;

    fn add(self, by: SignedDuration) -> Self {
        Self(self.0.saturating_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)))
    }
}

impl Sub for Moment {
    type Output = SignedDuration;

    fn sub(self, earlier: Self) -> SignedDuration {
        SignedDuration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

/// JSON 1.1 writes timestamps as epoch seconds with a fraction.
impl Serialize for Moment {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of this millennium fit into 53 bits")]
        serializer.serialize_f64(self.0 as f64 / 1000.0)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Timestamp::deserialize(deserializer).map(Self::from)
    }
}

/// The real time: only for starting a clock, and for what a client checks against its own clock.
#[expect(clippy::disallowed_methods, reason = "this is the clock: the one place that reads real time")]
pub(crate) fn real_time() -> Timestamp {
    Timestamp::now()
}

#[expect(clippy::disallowed_methods, reason = "this is the clock: the one place that reads real time")]
fn ticks() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_held_clock_moves_only_by_hand() {
        let start: Timestamp = "2026-11-02T08:00:00Z".parse().unwrap();
        let clock = SimClock::held_at(start);
        assert_eq!(clock.now(), start);
        assert_eq!(clock.advance(SignedDuration::from_hours(25)), start + SignedDuration::from_hours(25));
        assert!(clock.is_held());
        clock.set(start);
        assert_eq!(clock.now(), start);
    }

    #[test]
    fn a_running_clock_never_falls_behind_its_start() {
        let start: Timestamp = "2026-11-02T08:00:00Z".parse().unwrap();
        let clock = SimClock::running_from(start);
        clock.advance(SignedDuration::from_secs(60));
        assert!(clock.now() >= start + SignedDuration::from_secs(60));
    }

    #[test]
    fn moments_are_written_as_epoch_seconds() {
        assert_eq!(serde_json::to_string(&Moment::from_millis(1_579_839_105_250)).unwrap(), "1579839105.25");
    }
}
