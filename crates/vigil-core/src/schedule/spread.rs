//! How starts are kept apart: those of many schedules by a jitter, those of one pass by spreading them.

use jiff::{SignedDuration, Timestamp};

use super::name::ScheduleName;

/// A delay of a tick, drawn from its schedule's name and its time: as good as random among schedules and ticks, and the
/// same after every restart.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Jitter(SignedDuration);

/// Over which time the starts of a pass are spread.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Spread {
    /// They are not: as fast as quotas let them.
    #[default]
    No,
    /// Over so long, or until the window closes if that is sooner.
    Over(SignedDuration),
    /// Until the window closes; not at all if it never does.
    Window,
}

/// Starts spread evenly from one moment to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Evenly {
    from: Timestamp,
    until: Timestamp,
    starts: u64,
}

impl Jitter {
    /// Up to so long; what is negative counts as none.
    pub fn up_to(longest: SignedDuration) -> Self {
        Self(longest.max(SignedDuration::ZERO))
    }

    /// How much later than its tick this schedule begins.
    pub fn of(self, name: &ScheduleName, tick: Timestamp) -> SignedDuration {
        let choices = u64::try_from(self.0.as_millis()).unwrap_or(0).saturating_add(1);
        let drawn = draw(&name.to_string(), tick) % choices;
        SignedDuration::from_millis(i64::try_from(drawn).unwrap_or(0))
    }
}

/// FNV-1a with its bits mixed at the end: it must stay the same whatever the standard library makes of hashing.
fn draw(name: &str, tick: Timestamp) -> u64 {
    let bytes = name.bytes().chain(tick.as_second().to_be_bytes());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    let hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash ^ (hash >> 33)
}

impl Spread {
    /// The moment by which the last start of a pass is due; `None` if they are not spread.
    pub fn until(self, began: Timestamp, closes: Option<Timestamp>) -> Option<Timestamp> {
        match self {
            Self::No => None,
            Self::Window => closes,
            Self::Over(duration) => {
                let ends = began.checked_add(duration).unwrap_or(Timestamp::MAX);
                Some(closes.map_or(ends, |closes| closes.min(ends)))
            }
        }
    }
}

impl Evenly {
    /// So many starts, the first at `from`, the last one share before `until`.
    pub fn new(from: Timestamp, until: Timestamp, starts: u64) -> Self {
        Self { from, until: until.max(from), starts }
    }

    /// When a start is due, counted from 0.
    pub fn at(&self, start: u64) -> Timestamp {
        let span = self.until.duration_since(self.from).as_nanos();
        let share = i128::from(start.min(self.starts)) * span / i128::from(self.starts.max(1));
        self.from.checked_add(SignedDuration::from_nanos_i128(share)).unwrap_or(self.until)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_jitter_is_the_same_after_every_restart_and_another_for_every_tick_and_schedule() {
        let jitter = Jitter::up_to(SignedDuration::from_mins(30));
        let [nightly, weekly] = ["nightly", "weekly"].map(|name| name.parse().unwrap());
        let drawn = [
            jitter.of(&nightly, at(1_800_000_000)),
            jitter.of(&nightly, at(1_800_086_400)),
            jitter.of(&weekly, at(1_800_000_000)),
        ];
        // Written down, since these must not change from one version to the next either.
        assert_eq!(drawn.map(|delay| delay.as_millis()), [259_494, 1_078_381, 308_774]);
        assert_eq!(Jitter::default().of(&nightly, at(0)), SignedDuration::ZERO);
    }

    #[test]
    fn jitters_fill_the_whole_time() {
        let jitter = Jitter::up_to(SignedDuration::from_secs(100));
        let name = ScheduleName::default();
        let mut tenths = [0; 10];
        for tick in 0..10_000 {
            let delay = jitter.of(&name, at(tick * 3600)).as_millis();
            tenths[usize::try_from(delay * 10 / 100_001).unwrap()] += 1;
        }
        assert!(tenths.iter().all(|count| (850..1150).contains(count)), "{tenths:?}");
    }

    #[test]
    fn a_spread_ends_with_its_window() {
        let hour = Spread::Over(SignedDuration::from_hours(1));
        assert_eq!(hour.until(at(0), None), Some(at(3600)));
        assert_eq!(hour.until(at(0), Some(at(60))), Some(at(60)));
        assert_eq!(Spread::Window.until(at(0), Some(at(60))), Some(at(60)));
        assert_eq!(Spread::Window.until(at(0), None), None);
        assert_eq!(Spread::No.until(at(0), Some(at(60))), None);
    }

    #[test]
    fn starts_are_spread_evenly() {
        let evenly = Evenly::new(at(0), at(100), 4);
        assert_eq!([0, 1, 2, 3].map(|start| evenly.at(start).as_second()), [0, 25, 50, 75]);
        assert_eq!(Evenly::new(at(5), at(0), 3).at(2), at(5), "a time that is over is no time");
    }

    proptest! {
        #[test]
        fn starts_come_in_order_and_before_the_end(seconds in 1i64..100_000, starts in 1u64..100_000, which in 0f64..1.0) {
            let evenly = Evenly::new(at(0), at(seconds), starts);
            let start = (starts as f64 * which) as u64;
            prop_assert!(evenly.at(start) < at(seconds));
            prop_assert!(evenly.at(start) <= evenly.at(start + 1));
        }
    }
}
