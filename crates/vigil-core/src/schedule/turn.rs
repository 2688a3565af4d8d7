//! Whose turn it is: whether a schedule's pass begins now, or until when nothing is to be done. A plain function of the
//! schedule, what has been done, and the time; it waits for nothing and starts nothing.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::expression::Expression;
use super::name::ScheduleName;
use super::spread::{Jitter, Spread};
use super::windows::Windows;
use crate::pass::{Closes, Pacing};

/// When passes begin, and when they may.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// What it is called.
    pub name: ScheduleName,
    /// When it comes around.
    pub cron: Expression,
    /// Where the clock hangs that the expression and the windows are read on.
    pub time_zone: TimeZone,
    /// When starts are allowed.
    pub windows: Windows,
    /// How much later than its tick a pass begins.
    pub jitter: Jitter,
    /// Over which time its starts are spread.
    pub spread: Spread,
}

/// What is known of a schedule's past.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Past {
    /// Since when the schedule is known: what came around before was never promised.
    pub since: Timestamp,
    /// The last tick for which a pass was begun.
    pub handled: Option<Timestamp>,
    /// Whether a pass of this schedule is under way.
    pub under_way: bool,
    /// The passes that failed since the last one that did not.
    pub failures: Option<Failures>,
}

/// Passes that failed as a whole, one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failures {
    /// How many.
    pub times: u32,
    /// When the last of them ended.
    pub last: Timestamp,
}

/// After a pass that failed it is tried again this much later; after each further one, twice as much.
const FIRST_WAIT: SignedDuration = SignedDuration::from_mins(1);
/// Waits do not grow beyond this: what was mended is found to be so within the hour.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(1);

/// What is to be done now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// A pass begins, for this tick and all before it.
    Run {
        /// What `Past::handled` is from now on.
        tick: Timestamp,
    },
    /// The last pass is made again, since it failed.
    Again,
    /// Nothing, until this moment.
    Wait {
        /// When to ask again.
        until: Timestamp,
    },
    /// Nothing, until the pass that is under way has ended.
    UnderWay,
    /// Nothing ever again: the years that the expression names are over, or a blackout lasts until the calendar ends.
    Over,
}

/// Decides whether a pass of the schedule begins now.
///
/// However many ticks were missed, because the service was down, a pass took long or no window was open, they are made up
/// for by one pass, which is begun for the last of them. A pass that failed as a whole is made again before the next tick,
/// after waits that grow.
pub fn turn(schedule: &Schedule, past: &Past, now: Timestamp) -> Turn {
    let after = past.handled.unwrap_or(past.since);
    let first = match schedule.occasion(after) {
        Some(occasion) if occasion.begins <= now => occasion.tick,
        next => return turn_between_ticks(schedule, past, next.map(|occasion| occasion.begins), now),
    };
    if past.under_way {
        return Turn::UnderWay;
    }
    match schedule.opens_after(now) {
        Some(opens) if opens <= now => Turn::Run { tick: schedule.last_by(now, after, first) },
        Some(opens) => Turn::Wait { until: opens },
        None => Turn::Over,
    }
}

/// The same while no tick is due; the next one may never be.
fn turn_between_ticks(schedule: &Schedule, past: &Past, begins: Option<Timestamp>, now: Timestamp) -> Turn {
    let failures = past.failures.filter(|_| !past.under_way);
    let again = failures.and_then(|failures| schedule.opens_after(failures.again_at().max(now)));
    match again.filter(|again| begins.is_none_or(|begins| *again < begins)) {
        Some(again) if again <= now => Turn::Again,
        Some(again) => Turn::Wait { until: again },
        None => begins.map_or(Turn::Over, |until| Turn::Wait { until }),
    }
}

impl Failures {
    /// From when on it is tried again.
    fn again_at(self) -> Timestamp {
        let doublings = self.times.saturating_sub(1).min(16);
        let wait = (FIRST_WAIT * 2i32.pow(doublings)).min(LONGEST_WAIT);
        self.last.saturating_add(wait).unwrap_or(Timestamp::MAX)
    }
}

impl Schedule {
    /// Whether starts are allowed at a moment.
    pub fn is_open(&self, at: Timestamp) -> bool {
        self.windows.is_open(at, &self.time_zone)
    }

    /// The first moment from this one on at which starts are allowed.
    pub fn opens_after(&self, at: Timestamp) -> Option<Timestamp> {
        self.windows.opens_after(at, &self.time_zone)
    }

    /// The first moment from this one on at which starts are not allowed.
    pub fn closes_after(&self, at: Timestamp) -> Option<Timestamp> {
        self.windows.closes_after(at, &self.time_zone)
    }

    /// When the starts of a pass that begins now are made.
    pub fn pacing(&self, now: Timestamp) -> Pacing {
        let closes = self.closes_after(now).map(|at| Closes { at, opens: self.opens_after(at) });
        Pacing { spread: self.spread, closes }
    }
}
