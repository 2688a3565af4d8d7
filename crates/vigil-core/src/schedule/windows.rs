//! When starts are allowed: in the windows, and in no blackout, by the clock on the wall.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;

use super::wall::{first_moment, last_moment, wall};
use super::weekly::{Blackout, MINUTES_OF_DAY, MINUTES_OF_WEEK, Window};

/// When starts are allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Windows {
    /// Spans in minutes of the week, from Monday on, sorted and apart.
    open: Vec<(u16, u16)>,
    /// Days on which all is closed, both ends included, sorted and apart.
    closed: Vec<(Date, Date)>,
}

/// Windows that no moment of the week is in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("with these blackouts no window ever opens")]
pub struct NeverOpen;

impl Default for Windows {
    /// Always.
    fn default() -> Self {
        Self { open: vec![(0, MINUTES_OF_WEEK)], closed: Vec::new() }
    }
}

impl Windows {
    /// What is in one of the windows, or is any time if there are none, and in no blackout.
    ///
    /// # Errors
    ///
    /// If the blackouts of every week leave nothing of the windows.
    pub fn new(windows: &[Window], blackouts: &[Blackout]) -> Result<Self, NeverOpen> {
        let mut minutes = vec![windows.is_empty(); usize::from(MINUTES_OF_WEEK)];
        let mut closed = Vec::new();
        let mut fill = |window: &Window, open| {
            window.spans().for_each(|(from, to)| minutes[usize::from(from)..usize::from(to)].fill(open));
        };
        windows.iter().for_each(|window| fill(window, true));
        for blackout in blackouts {
            match blackout {
                Blackout::Weekly(window) => fill(window, false),
                Blackout::Dates(first, last) => closed.push((*first, *last)),
            }
        }
        let open = spans(&minutes);
        if open.is_empty() { Err(NeverOpen) } else { Ok(Self { open, closed: joined(closed) }) }
    }

    /// Whether starts are allowed at this moment.
    pub fn is_open(&self, at: Timestamp, zone: &TimeZone) -> bool {
        let wall = wall(at, zone);
        let minute = minute_of_week(wall);
        self.closed_until(wall.date()).is_none()
            && self.open.iter().any(|(from, to)| (*from..*to).contains(&minute))
    }

    /// The first moment from this one on at which starts are allowed; `None` if the calendar ends before.
    pub fn opens_after(&self, at: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let mut at = at;
        while !self.is_open(at, zone) {
            at = match self.closed_until(wall(at, zone).date()) {
                Some(last) => {
                    first_moment(last.tomorrow().ok()?.to_datetime(Time::midnight()), zone)?.max(at)
                }
                None => self.change_after(at, zone)?,
            };
        }
        Some(at)
    }

    /// The first moment from this one on at which starts are not allowed; `None` if they always are.
    pub fn closes_after(&self, at: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let mut at = at;
        while self.is_open(at, zone) {
            let date = wall(at, zone).date();
            let all_week = self.open == [(0, MINUTES_OF_WEEK)];
            let next_day_off = self.closed.iter().find(|(first, _)| *first > date).map(|(first, _)| *first);
            at = match next_day_off {
                Some(first) if all_week => first_moment(first.to_datetime(Time::midnight()), zone)?,
                None if all_week => return None,
                _ => self.change_after(at, zone)?,
            };
        }
        Some(at)
    }

    /// The last of the days off that this date is among.
    fn closed_until(&self, date: Date) -> Option<Date> {
        self.closed.iter().find(|(first, last)| (*first..=*last).contains(&date)).map(|(_, last)| *last)
    }

    /// A moment after this one until which nothing changes: a window's edge, midnight, or the clock being put forward or
    /// back.
    fn change_after(&self, at: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let wall = wall(at, zone);
        let minute = minute_of_week(wall);
        let midnight = (minute / MINUTES_OF_DAY + 1) * MINUTES_OF_DAY;
        let edges = self.open.iter().flat_map(|(from, to)| [*from, *to]);
        let edge = edges.filter(|edge| *edge > minute).fold(midnight, u16::min);
        let edge = at_minute_of_day(wall.date(), edge % MINUTES_OF_DAY, edge == midnight)?;
        let put = zone.following(at).next().map(|transition| transition.timestamp());
        let moments = [first_moment(edge, zone), last_moment(edge, zone), put];
        moments.into_iter().flatten().filter(|moment| *moment > at).min()
    }
}

fn minute_of_week(wall: DateTime) -> u16 {
    let part = |number: i8| u16::from(number.unsigned_abs());
    part(wall.weekday().to_monday_zero_offset()) * MINUTES_OF_DAY
        + part(wall.hour()) * 60
        + part(wall.minute())
}

fn at_minute_of_day(date: Date, minute: u16, of_tomorrow: bool) -> Option<DateTime> {
    let date = if of_tomorrow { date.tomorrow().ok()? } else { date };
    let part = |number: u16| i8::try_from(number).ok();
    Some(date.to_datetime(Time::new(part(minute / 60)?, part(minute % 60)?, 0, 0).ok()?))
}

/// The spans in which minutes are true.
fn spans(minutes: &[bool]) -> Vec<(u16, u16)> {
    let mut spans: Vec<(u16, u16)> = Vec::new();
    for (minute, _) in (0..).zip(minutes).filter(|(_, open)| **open) {
        match spans.last_mut() {
            Some((_, to)) if *to == minute => *to = minute + 1,
            _ => spans.push((minute, minute + 1)),
        }
    }
    spans
}

/// Ranges of dates, sorted, those that touch as one.
fn joined(mut ranges: Vec<(Date, Date)>) -> Vec<(Date, Date)> {
    ranges.sort();
    let mut joined: Vec<(Date, Date)> = Vec::new();
    for (first, last) in ranges {
        match joined.last_mut() {
            Some((_, end)) if end.tomorrow().is_ok_and(|next| first <= next) => *end = (*end).max(last),
            _ => joined.push((first, last)),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn windows(windows: &[&str], blackouts: &[&str]) -> Windows {
        let windows: Vec<Window> = windows.iter().map(|text| text.parse().unwrap()).collect();
        let blackouts: Vec<Blackout> = blackouts.iter().map(|text| text.parse().unwrap()).collect();
        Windows::new(&windows, &blackouts).unwrap()
    }

    fn berlin() -> TimeZone {
        TimeZone::get("Europe/Berlin").unwrap()
    }

    /// When it opens and closes next, after a moment of the wall in Berlin.
    #[track_caller]
    fn check(windows: &Windows, at: &str, opens: &str, closes: &str) {
        let (zone, at): (_, DateTime) = (berlin(), at.parse().unwrap());
        let at = first_moment(at, &zone).unwrap();
        let shown = |at: Option<Timestamp>| {
            at.map_or("never".into(), |at| at.to_zoned(zone.clone()).strftime("%a %F %H:%M %z").to_string())
        };
        assert_eq!(shown(windows.opens_after(at, &zone)), opens, "opens");
        assert_eq!(shown(windows.closes_after(at, &zone)), closes, "closes");
    }

    #[test]
    fn nights_cross_midnight() {
        let nights = windows(&["Mon-Fri 20:00-06:00"], &[]);
        check(&nights, "2026-11-20T12:00", "Fri 2026-11-20 20:00 +0100", "Fri 2026-11-20 12:00 +0100");
        check(&nights, "2026-11-20T23:30", "Fri 2026-11-20 23:30 +0100", "Sat 2026-11-21 06:00 +0100");
        check(&nights, "2026-11-21T06:00", "Mon 2026-11-23 20:00 +0100", "Sat 2026-11-21 06:00 +0100");
        let weekends = windows(&["Sat,Sun"], &["Sun 22:00-24:00"]);
        check(&weekends, "2026-11-20T12:00", "Sat 2026-11-21 00:00 +0100", "Fri 2026-11-20 12:00 +0100");
        check(&weekends, "2026-11-21T00:00", "Sat 2026-11-21 00:00 +0100", "Sun 2026-11-22 22:00 +0100");
    }

    #[test]
    fn days_off_close_every_window() {
        let off = windows(&[], &["2026-12-20..2026-12-26", "2026-12-27..2027-01-02"]);
        check(&off, "2026-11-20T12:00", "Fri 2026-11-20 12:00 +0100", "Sun 2026-12-20 00:00 +0100");
        check(&off, "2026-12-24T12:00", "Sun 2027-01-03 00:00 +0100", "Thu 2026-12-24 12:00 +0100");
        check(&off, "2027-01-03T00:00", "Sun 2027-01-03 00:00 +0100", "never");
        check(
            &windows(&[], &["2026-12-20..9999-12-31"]),
            "2027-01-01T00:00",
            "never",
            "Fri 2027-01-01 00:00 +0100",
        );
    }

    #[test]
    fn edges_that_the_clock_skips_or_repeats_are_where_it_is_put() {
        let early = windows(&["02:30-05:00"], &[]);
        check(&early, "2026-03-29T01:00", "Sun 2026-03-29 03:00 +0200", "Sun 2026-03-29 01:00 +0100");
        check(&early, "2026-10-25T01:00", "Sun 2026-10-25 02:30 +0200", "Sun 2026-10-25 01:00 +0200");
        // The clock is put back to before the window, so it closes and opens again.
        check(&early, "2026-10-25T02:30", "Sun 2026-10-25 02:30 +0200", "Sun 2026-10-25 02:00 +0100");
    }

    #[test]
    fn what_never_opens_is_an_error() {
        let window = ["Sat,Sun".parse().unwrap()];
        let blackout = |text: &str| [text.parse().unwrap()];
        assert_eq!(Windows::new(&window, &blackout("Fri-Mon")), Err(NeverOpen));
        assert_eq!(Windows::new(&[], &blackout("00:00-24:00")), Err(NeverOpen));
        assert!(Windows::new(&window, &blackout("Fri-Sat")).is_ok());
    }

    proptest! {
        #[test]
        fn what_opens_is_open_and_nothing_before_it_is(
            day in 0u8..7, from in 0u16..1440, to in 0u16..1440, seconds in 1_767_225_600i64..1_800_000_000, sample in 0f64..1.0,
        ) {
            const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
            prop_assume!(from != to);
            let text = format!("{} {:02}:{:02}-{:02}:{:02}", DAYS[usize::from(day)], from / 60, from % 60, to / 60, to % 60);
            let windows = windows(&[&text, "Wed 01:00-04:00"], &["2026-12-20..2026-12-25", "12:00-12:30"]);
            let (zone, at) = (berlin(), Timestamp::from_second(seconds).unwrap());
            let opens = windows.opens_after(at, &zone).unwrap();
            prop_assert!(opens >= at && windows.is_open(opens, &zone));
            let between = |end: Timestamp| {
                let seconds = (end.as_second() - at.as_second()) as f64 * sample;
                at + jiff::SignedDuration::from_secs(seconds as i64)
            };
            prop_assert!(opens == at || between(opens) == opens || !windows.is_open(between(opens), &zone));
            let closes = windows.closes_after(opens, &zone).unwrap();
            prop_assert!(closes > opens && !windows.is_open(closes, &zone));
        }
    }
}
