//! Schedules lived through on a moved clock: a week of one as a golden answer, and what holds of every one.

use std::collections::HashSet;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::{Blackout, Jitter, Past, Schedule, Spread, Turn, Window, Windows, turn};

/// What happened, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Event {
    Began { tick: Timestamp },
    Ended,
    Waits { until: Timestamp },
    Down,
    Up,
}

/// A life of a schedule: how long its passes take, one after another, and when the service is down.
struct Life {
    schedule: Schedule,
    passes: Vec<SignedDuration>,
    outages: Vec<(Timestamp, Timestamp)>,
}

fn schedule(
    cron: &str,
    zone: &str,
    windows: &[&str],
    blackouts: &[&str],
    jitter: SignedDuration,
) -> Schedule {
    let windows: Vec<Window> = windows.iter().map(|text| text.parse().unwrap()).collect();
    let blackouts: Vec<Blackout> = blackouts.iter().map(|text| text.parse().unwrap()).collect();
    Schedule {
        name: "nightly".parse().unwrap(),
        cron: cron.parse().unwrap(),
        time_zone: TimeZone::get(zone).unwrap(),
        windows: Windows::new(&windows, &blackouts).unwrap(),
        jitter: Jitter::up_to(jitter),
        spread: Spread::No,
    }
}

impl Life {
    /// Lives from one moment to another. A pass that an outage breaks off goes on afterwards.
    fn live(&self, since: Timestamp, until: Timestamp) -> Vec<(Timestamp, Event)> {
        let (mut now, mut events) = (since, Vec::new());
        let mut past = Past { since, handled: None, under_way: false };
        let (mut pass_ends, mut passes) = (None, self.passes.iter().cycle());
        let mut outages = self.outages.iter().copied().peekable();
        while now < until {
            if let Some((_, up)) = outages.next_if(|(down, _)| *down <= now) {
                events.extend([(now, Event::Down), (up, Event::Up)]);
                now = up;
            }
            if pass_ends.is_some_and(|end| end <= now) {
                events.push((now, Event::Ended));
                (pass_ends, past.under_way) = (None, false);
            }
            let next = match turn(&self.schedule, &past, now) {
                Turn::Run { tick } => {
                    events.push((now, Event::Began { tick }));
                    (past.handled, past.under_way) = (Some(tick), true);
                    pass_ends = Some(now + *passes.next().unwrap());
                    continue;
                }
                Turn::Wait { until } => {
                    assert!(until > now, "waiting for what is over would never end");
                    events.push((now, Event::Waits { until }));
                    Some(until)
                }
                Turn::UnderWay => pass_ends,
                Turn::Over => None,
            };
            let down = outages.peek().map(|(down, _)| *down);
            now = [next, pass_ends, down].into_iter().flatten().min().unwrap_or(until);
        }
        events
    }
}

fn in_berlin(wall: &str) -> Timestamp {
    wall.parse::<DateTime>().unwrap().to_zoned(TimeZone::get("Europe/Berlin").unwrap()).unwrap().timestamp()
}

#[test]
fn a_week_with_windows_an_outage_a_long_pass_and_the_clock_put_forward() {
    let (hours, minutes) = (SignedDuration::from_hours, SignedDuration::from_mins);
    let life = Life {
        schedule: schedule(
            "0 30 2,14 * * *",
            "Europe/Berlin",
            &["Mon-Fri 20:00-06:00", "Sat,Sun"],
            &["2026-03-26"],
            minutes(20),
        ),
        passes: vec![minutes(40), minutes(50), hours(31), minutes(45)],
        outages: vec![(in_berlin("2026-03-27T21:00"), in_berlin("2026-03-28T16:00"))],
    };
    let events = life.live(in_berlin("2026-03-23T00:00"), in_berlin("2026-03-30T06:00"));
    let shown = |at: Timestamp| {
        at.to_zoned(life.schedule.time_zone.clone()).strftime("%a %d %H:%M:%S %z").to_string()
    };
    let line = |(at, event): &(Timestamp, Event)| {
        let what = match event {
            Event::Began { tick } => format!("a pass begins, for {}", shown(*tick)),
            Event::Ended => "the pass ends".to_owned(),
            Event::Waits { until } => format!("  waits until {}", shown(*until)),
            Event::Down => "the service is down".to_owned(),
            Event::Up => "the service is up".to_owned(),
        };
        format!("{}  {what}\n", shown(*at))
    };
    insta::assert_snapshot!(events.iter().map(line).collect::<String>());
}

#[test]
fn however_many_ticks_were_missed_one_pass_makes_up_for_them() {
    let every_second = schedule("* * * * * *", "UTC", &[], &[], SignedDuration::ZERO);
    let since: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let past = Past { since, handled: None, under_way: false };
    let now = since + SignedDuration::from_hours(24 * 300) + SignedDuration::from_millis(250);
    let tick = since + SignedDuration::from_hours(24 * 300);
    assert_eq!(turn(&every_second, &past, now), Turn::Run { tick });
    let handled = Past { handled: Some(tick), ..past };
    assert_eq!(turn(&every_second, &handled, now), Turn::Wait { until: tick + SignedDuration::from_secs(1) });
}

#[test]
fn what_came_around_before_the_schedule_was_known_was_never_promised() {
    let daily = schedule("@daily", "UTC", &[], &[], SignedDuration::ZERO);
    let since: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let past = Past { since, handled: None, under_way: false };
    assert_eq!(turn(&daily, &past, since), Turn::Wait { until: "2026-01-02T00:00:00Z".parse().unwrap() });
    let over = Schedule { cron: "0 0 0 1 1 ? 2020".parse().unwrap(), ..daily };
    assert_eq!(turn(&over, &past, since), Turn::Over);
}

#[test]
fn a_clock_that_was_put_back_begins_nothing_again() {
    let daily = schedule("@daily", "UTC", &[], &[], SignedDuration::ZERO);
    let tick: Timestamp = "2026-01-05T00:00:00Z".parse().unwrap();
    let past = Past { since: Timestamp::UNIX_EPOCH, handled: Some(tick), under_way: false };
    let until = "2026-01-06T00:00:00Z".parse().unwrap();
    assert_eq!(turn(&daily, &past, tick - SignedDuration::from_hours(72)), Turn::Wait { until });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_life_runs_a_tick_twice_or_in_a_blackout_or_forgets_one(
        cron in 0usize..5, zone in 0usize..3, jitter in 0i64..120,
        passes in proptest::collection::vec(1i64..3_000, 1..6),
        start in 1_773_000_000i64..1_793_000_000, // From March to October of 2026, with both turns of the clock.
        outages in proptest::collection::vec((0i64..600, 1i64..4_000), 0..4),
    ) {
        let cron = ["0 30 2 * * *", "@hourly", "0 */45 * * * *", "rate(5 hours)", "0 0 2,3 * * SUN,MON"][cron];
        let zone = ["UTC", "Europe/Berlin", "America/St_Johns"][zone];
        let (windows, blackouts) = (["Mon-Fri 20:00-06:00", "Sat,Sun"], ["Sat 03:00-04:00", "2026-03-27..2026-03-28"]);
        let schedule = schedule(cron, zone, &windows, &blackouts, SignedDuration::from_mins(jitter));
        let since = Timestamp::from_second(start).unwrap();
        let mut down = since;
        let outages = outages.into_iter().map(|(after, lasts)| {
            let from = down + SignedDuration::from_mins(after + 1);
            down = from + SignedDuration::from_mins(lasts);
            (from, down)
        }).collect();
        let life = Life { schedule, passes: passes.into_iter().map(SignedDuration::from_mins).collect(), outages };
        let events = life.live(since, since + SignedDuration::from_hours(24 * 21));

        let mut seen = HashSet::new();
        let (mut handled, mut under_way) = (since, false);
        for (at, event) in &events {
            match event {
                Event::Began { tick } => {
                    prop_assert!(!under_way, "two passes at once");
                    prop_assert!(seen.insert(*tick) && *tick > handled && tick <= at, "{tick} at {at}");
                    prop_assert!(life.schedule.is_open(*at), "begun at {at}, when starts are not allowed");
                    // No tick is left over: the next one after it is yet to come.
                    prop_assert!(life.schedule.next(*tick).unwrap() > *at);
                    prop_assert_eq!(life.schedule.next(*tick - SignedDuration::from_secs(1)), Some(*tick));
                    (handled, under_way) = (*tick, true);
                }
                Event::Ended => under_way = false,
                _ => {}
            }
        }
        prop_assert!(events.windows(2).all(|pair| pair[0].0 <= pair[1].0 || pair[1].1 == Event::Up));
    }
}
