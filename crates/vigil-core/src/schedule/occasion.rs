//! When passes begin in truth: a tick is when one is wanted, and its jitter and the windows say when it may begin. Whoever
//! waits for passes, announces them or watches for those that fail to come asks here.

use jiff::{SignedDuration, Timestamp};

use super::turn::Schedule;

/// A pass to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Occasion {
    /// The tick that it is for; those before it that it could not begin at, it makes up for.
    pub tick: Timestamp,
    /// When it begins.
    pub begins: Timestamp,
}

impl Schedule {
    /// The first tick after a moment.
    pub fn next(&self, after: Timestamp) -> Option<Timestamp> {
        self.cron.next(after, &self.time_zone)
    }

    /// The pass that is begun for the first tick after a moment; `None` if there is no more tick, or if starts are never
    /// allowed again.
    pub fn occasion(&self, after: Timestamp) -> Option<Occasion> {
        let first = self.next(after)?;
        let jittered = first.checked_add(self.jitter.of(&self.name, first)).unwrap_or(Timestamp::MAX);
        let begins = self.opens_after(jittered)?;
        Some(Occasion { tick: self.last_by(begins, after, first), begins })
    }

    /// All passes for what comes around after a moment, as long as each ends before the next one.
    pub fn occasions(&self, after: Timestamp) -> impl Iterator<Item = Occasion> {
        std::iter::successors(self.occasion(after), |occasion| self.occasion(occasion.tick))
    }

    /// How long it may take from one pass to the next without anything being wrong: from a moment at which one was over to the
    /// next, or from that one to the one after, whichever is longer. `None` where the next one is the last.
    pub fn interval(&self, over: Timestamp) -> Option<SignedDuration> {
        let mut begins = self.occasions(over).map(|occasion| occasion.begins);
        let (next, after) = (begins.next()?, begins.next()?);
        Some(next.duration_since(over).max(after.duration_since(next)))
    }

    /// The last tick by `now`, given one after `after` that is. Found by halving: after a long outage there may be many.
    pub(super) fn last_by(&self, now: Timestamp, after: Timestamp, first: Timestamp) -> Timestamp {
        let (mut last, mut early, mut late) = (first, after, now);
        // Ticks are whole seconds, so within one there is no more than one.
        while late.duration_since(early) > SignedDuration::from_secs(1) {
            let middle = early + late.duration_since(early) / 2;
            match self.next(middle).filter(|tick| *tick <= now) {
                Some(tick) => (last, early) = (tick, middle.max(tick - SignedDuration::from_nanos(1))),
                None => late = middle,
            }
        }
        last
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::schedule::{Blackout, Jitter, Spread, Window, Windows};

    /// The next two passes after noon of Saturday, the 21st of November 2026, and the interval if one was over by then.
    #[track_caller]
    fn check(cron: &str, windows: &[&str], blackouts: &[&str], expected: &str) {
        let windows: Vec<Window> = windows.iter().map(|text| text.parse().unwrap()).collect();
        let blackouts: Vec<Blackout> = blackouts.iter().map(|text| text.parse().unwrap()).collect();
        let schedule = Schedule {
            name: "nightly".parse().unwrap(),
            cron: cron.parse().unwrap(),
            time_zone: TimeZone::UTC,
            windows: Windows::new(&windows, &blackouts).unwrap(),
            jitter: Jitter::default(),
            spread: Spread::No,
        };
        let noon: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        let shown = |occasion: Occasion| {
            format!("{} for {}", occasion.begins.strftime("%a %d %T"), occasion.tick.strftime("%a %T"))
        };
        let told: Vec<String> = schedule.occasions(noon).take(2).map(shown).collect();
        let hours = schedule.interval(noon).map_or("none".into(), |interval| interval.as_hours().to_string());
        assert_eq!(format!("{}; {hours}", told.join(", ")), expected);
    }

    #[test]
    fn a_pass_begins_when_its_window_opens_and_makes_up_for_every_tick_before() {
        check(
            "0 0 3 * * *",
            &[],
            &[],
            "Sun 22 03:00:00 for Sun 03:00:00, Mon 23 03:00:00 for Mon 03:00:00; 24",
        );
        let monday = ["Mon 10:00-11:00"];
        check(
            "21 1 19 * * *",
            &monday,
            &[],
            "Mon 23 10:00:00 for Sun 19:01:21, Mon 30 10:00:00 for Sun 19:01:21; 168",
        );
        check(
            "21 1 19 * * *",
            &monday,
            &["2026-11-20..2026-11-24"],
            "Mon 30 10:00:00 for Sun 19:01:21, Mon 07 10:00:00 for Sun 19:01:21; 214",
        );
    }

    #[test]
    fn the_longer_of_the_waits_counts_and_where_there_is_no_second_pass_there_is_none() {
        let hourly = "Mon 23 09:00:00 for Mon 09:00:00, Mon 23 10:00:00 for Mon 10:00:00; 45";
        check("0 0 9-17 * * MON-FRI", &[], &[], hourly);
        check("0 0 0 1 1 ? 2027", &[], &[], "Fri 01 00:00:00 for Fri 00:00:00; none");
        check("0 0 3 * * *", &[], &["2026-11-01..9999-12-31"], "; none");
    }
}
