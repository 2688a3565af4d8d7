//! Schedules lived through on a moved clock: a week of one as a golden answer, and what holds of every one.

use std::collections::HashSet;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::{Blackout, Failures, Jitter, Past, Schedule, Spread, Turn, Window, Windows, turn};

/// What happened, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Event {
    Began { tick: Timestamp },
    BeganAgain,
    Ended,
    Failed,
    Waits { until: Timestamp },
    Down,
    Up,
}

/// A life of a schedule: how long its passes take, one after another, when the service is down, and when no registry can be
/// entered: passes fail at once then.
struct Life {
    schedule: Schedule,
    passes: Vec<SignedDuration>,
    locked: Option<(Timestamp, Timestamp)>,
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
        let mut past = Past { since, handled: None, under_way: false, failures: None };
        let (mut pass_ends, mut passes) = (None, self.passes.iter().cycle());
        let mut outages = self.outages.iter().copied().peekable();
        while now < until {
            if let Some((_, up)) = outages.next_if(|(down, _)| *down <= now) {
                events.extend([(now, Event::Down), (up, Event::Up)]);
                now = up;
            }
            if pass_ends.is_some_and(|end| end <= now) {
                let fails = self.locked.is_some_and(|(from, to)| (from..to).contains(&now));
                events.push((now, if fails { Event::Failed } else { Event::Ended }));
                let times = past.failures.map_or(1, |failures| failures.times + 1);
                past.failures = fails.then_some(Failures { times, last: now });
                (pass_ends, past.under_way) = (None, false);
            }
            let next = match turn(&self.schedule, &past, now) {
                Turn::Run { tick } => {
                    events.push((now, Event::Began { tick }));
                    (past.handled, past.under_way) = (Some(tick), true);
                    pass_ends = Some(self.ends(now, &mut passes));
                    continue;
                }
                Turn::Again => {
                    events.push((now, Event::BeganAgain));
                    past.under_way = true;
                    pass_ends = Some(self.ends(now, &mut passes));
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

    /// When a pass ends that begins now.
    fn ends<'a>(&self, now: Timestamp, passes: &mut impl Iterator<Item = &'a SignedDuration>) -> Timestamp {
        match self.locked {
            Some((from, to)) if (from..to).contains(&now) => now,
            _ => now + *passes.next().unwrap(),
        }
    }

    fn tell(&self, events: &[(Timestamp, Event)]) -> String {
        let shown = |at: Timestamp| {
            at.to_zoned(self.schedule.time_zone.clone()).strftime("%a %d %H:%M:%S %z").to_string()
        };
        let line = |(at, event): &(Timestamp, Event)| {
            let what = match event {
                Event::Began { tick } => format!("a pass begins, for {}", shown(*tick)),
                Event::BeganAgain => "the pass begins again".to_owned(),
                Event::Ended => "the pass ends".to_owned(),
                Event::Failed => "the pass fails".to_owned(),
                Event::Waits { until } => format!("  waits until {}", shown(*until)),
                Event::Down => "the service is down".to_owned(),
                Event::Up => "the service is up".to_owned(),
            };
            format!("{}  {what}\n", shown(*at))
        };
        events.iter().map(line).collect()
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
        locked: None,
        outages: vec![(in_berlin("2026-03-27T21:00"), in_berlin("2026-03-28T16:00"))],
    };
    let events = life.live(in_berlin("2026-03-23T00:00"), in_berlin("2026-03-30T06:00"));
    insta::assert_snapshot!(life.tell(&events));
}

#[test]
fn a_night_without_credentials_is_tried_again_with_growing_waits() {
    let (hours, minutes) = (SignedDuration::from_hours, SignedDuration::from_mins);
    let life = Life {
        schedule: schedule("0 0 0 * * *", "Europe/Berlin", &[], &[], SignedDuration::ZERO),
        passes: vec![minutes(40)],
        locked: Some((in_berlin("2026-03-24T23:00"), in_berlin("2026-03-25T04:00"))),
        // What is known of passes survives.
        outages: vec![(in_berlin("2026-03-25T00:04"), in_berlin("2026-03-25T00:20"))],
    };
    let since = in_berlin("2026-03-24T12:00");
    insta::assert_snapshot!(life.tell(&life.live(since, since + hours(30))));
}

#[test]
fn what_failed_is_tried_again_within_its_windows_and_not_beyond_the_next_tick() {
    let life = |windows: &[&str], cron: &str| Life {
        schedule: schedule(cron, "UTC", windows, &[], SignedDuration::ZERO),
        passes: vec![SignedDuration::from_mins(1)],
        locked: Some((Timestamp::UNIX_EPOCH, Timestamp::MAX)),
        outages: Vec::new(),
    };
    let tell = |life: &Life, from: &str, hours| {
        let from: Timestamp = from.parse().unwrap();
        let events = life.live(from, from + SignedDuration::from_hours(hours));
        life.tell(&events).lines().filter(|line| line.contains("begins")).collect::<Vec<_>>().join("\n")
    };
    let quarterly = life(&[], "0 */15 * * * *");
    let nightly = life(&["Mon-Fri 22:00-23:00"], "0 0 22 * * *");
    let told =
        [tell(&quarterly, "2026-03-24T12:00:00Z", 1), tell(&nightly, "2026-03-27T12:00:00Z", 24 * 3 + 12)];
    insta::assert_snapshot!(told.join("\n\n"));
}

#[test]
fn when_all_ticks_are_over_the_last_pass_is_made_up_for_all_the_same() {
    let once = schedule("0 0 0 1 1 ? 2020", "UTC", &[], &[], SignedDuration::ZERO);
    let tick: Timestamp = "2020-01-01T00:00:00Z".parse().unwrap();
    let failures = Some(Failures { times: 1, last: tick });
    let past = Past { since: Timestamp::UNIX_EPOCH, handled: Some(tick), under_way: false, failures };
    assert_eq!(turn(&once, &past, tick), Turn::Wait { until: tick + SignedDuration::from_mins(1) });
    assert_eq!(turn(&once, &past, tick + SignedDuration::from_mins(1)), Turn::Again);
    assert_eq!(turn(&once, &Past { under_way: true, ..past }, tick), Turn::Over);
}

#[test]
fn however_many_ticks_were_missed_one_pass_makes_up_for_them() {
    let every_second = schedule("* * * * * *", "UTC", &[], &[], SignedDuration::ZERO);
    let since: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let past = Past { since, handled: None, under_way: false, failures: None };
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
    let past = Past { since, handled: None, under_way: false, failures: None };
    assert_eq!(turn(&daily, &past, since), Turn::Wait { until: "2026-01-02T00:00:00Z".parse().unwrap() });
    let over = Schedule { cron: "0 0 0 1 1 ? 2020".parse().unwrap(), ..daily };
    assert_eq!(turn(&over, &past, since), Turn::Over);
}

#[test]
fn a_clock_that_was_put_back_begins_nothing_again() {
    let daily = schedule("@daily", "UTC", &[], &[], SignedDuration::ZERO);
    let tick: Timestamp = "2026-01-05T00:00:00Z".parse().unwrap();
    let past = Past { since: Timestamp::UNIX_EPOCH, handled: Some(tick), under_way: false, failures: None };
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
        locked in proptest::option::of((0i64..10_000, 0i64..10_000)),
    ) {
        let cron = ["0 30 2 * * *", "@hourly", "0 */45 * * * *", "rate(5 hours)", "0 0 2,3 * * SUN,MON"][cron];
        let zone = ["UTC", "Europe/Berlin", "America/St_Johns"][zone];
        let (windows, blackouts) = (["Mon-Fri 20:00-06:00", "Sat,Sun"], ["Sat 03:00-04:00", "2026-03-27..2026-03-28"]);
        let schedule = schedule(cron, zone, &windows, &blackouts, SignedDuration::from_mins(jitter));
        let since = Timestamp::from_second(start).unwrap();
        let locked = locked.map(|(after, lasts)| {
            let from = since + SignedDuration::from_mins(after);
            (from, from + SignedDuration::from_mins(lasts))
        });
        let mut down = since;
        let outages = outages.into_iter().map(|(after, lasts)| {
            let from = down + SignedDuration::from_mins(after + 1);
            down = from + SignedDuration::from_mins(lasts);
            (from, down)
        }).collect();
        let life = Life { schedule, passes: passes.into_iter().map(SignedDuration::from_mins).collect(), locked, outages };
        let events = life.live(since, since + SignedDuration::from_hours(24 * 21));

        let mut seen = HashSet::new();
        let (mut handled, mut under_way, mut failed) = (since, false, false);
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
                Event::BeganAgain => {
                    prop_assert!(!under_way && failed, "begun again at {at}, without having failed");
                    prop_assert!(life.schedule.is_open(*at), "begun at {at}, when starts are not allowed");
                    under_way = true;
                }
                Event::Ended => (under_way, failed) = (false, false),
                Event::Failed => (under_way, failed) = (false, true),
                _ => {}
            }
        }
        prop_assert!(events.windows(2).all(|pair| pair[0].0 <= pair[1].0 || pair[1].1 == Event::Up));
    }
}
