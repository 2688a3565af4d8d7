//! From what was noticed to what a sink was told.

use std::collections::VecDeque;
use std::sync::Mutex;

use jiff::{SignedDuration, Timestamp};

use super::{
    ChangeId, ChangeKind, ExceptionNews, ExceptionNotice, Message, NotDelivered, Patience, Retry, RoundUp,
    Route, SinkName, Subject, Wanted,
};
use crate::finding::Severity;
use crate::policy::{Owners, Patterns};
use crate::port::{Clock, Next, Outbox, Taken, Untold};
use crate::step::{Delivery, Told, deliver, tell};
use crate::testing::{MemoryOutbox, MemorySink, PausedClock, change, finding, now, subject};

const PATIENCE: Patience = Patience { deadline: SignedDuration::from_hours(1) };

fn route(wanted: Wanted) -> Route {
    Route {
        name: "everything".parse().unwrap(),
        wanted,
        sinks: vec!["channel".parse().unwrap()],
        round_up: None,
    }
}

fn new_finding(n: i64, cve: &str) -> Untold {
    let image = subject("team/app", &["v1"], 1);
    Untold {
        changes: vec![change(n, ChangeKind::New, &image, &finding(cve, "CRITICAL", "zlib"))],
        ..Untold::default()
    }
}

/// Tells whatever there is, and brings it to the sink, until there is nothing more to do before this time.
async fn run(
    outbox: &MemoryOutbox,
    sink: &MemorySink,
    routes: &[Route],
    clock: &PausedClock,
    until: Timestamp,
) {
    let name: SinkName = "channel".parse().unwrap();
    while clock.now() < until {
        let told = tell(outbox, (routes, &Owners::default()), SignedDuration::from_secs(10), clock.now())
            .await
            .unwrap();
        let delivery = deliver(outbox, (&name, sink), &PATIENCE, clock).await.unwrap();
        let again = match told {
            Told::NotBefore(at) => Some(at),
            Told::Posted(_) => Some(clock.now()),
            Told::Nothing => None,
        };
        let next = [again, delivery.again_at(clock.now())].into_iter().flatten().min();
        clock.wait_until(next.unwrap_or(until).min(until)).await;
        if next.is_none() && matches!(delivery, Delivery::Idle(None)) {
            return;
        }
    }
}

fn taken(sink: &MemorySink) -> Vec<String> {
    let taken = sink.taken.lock().unwrap();
    let tell = |message: &Message| match message {
        Message::Image(news) => {
            news.changes.iter().map(|change| change.finding.id.to_string()).collect::<Vec<_>>().join(" ")
        }
        Message::Roundup(roundup) => format!("{} messages", roundup.messages.len()),
        other => format!("{other:?}"),
    };
    taken.iter().map(|parcel| tell(&parcel.message)).collect()
}

fn in_hours(hours: i64) -> Timestamp {
    now() + SignedDuration::from_hours(hours)
}

#[tokio::test(start_paused = true)]
async fn a_change_is_told_once_within_a_minute() {
    let (outbox, sink, clock) = (MemoryOutbox::default(), MemorySink::default(), PausedClock::new());
    outbox.notice(new_finding(1, "CVE-1"));
    let routes = [route(Wanted::default())];
    run(&outbox, &sink, &routes, &clock, now() + SignedDuration::from_secs(59)).await;
    assert_eq!(taken(&sink), ["CVE-1"]);
    run(&outbox, &sink, &routes, &clock, in_hours(24)).await;
    assert_eq!(taken(&sink), ["CVE-1"]);
}

#[tokio::test(start_paused = true)]
async fn what_no_route_takes_is_told_nobody_and_does_not_come_back() {
    let (outbox, sink, clock) = (MemoryOutbox::default(), MemorySink::default(), PausedClock::new());
    outbox.notice(new_finding(1, "CVE-1"));
    let deaf = route(Wanted {
        repositories: Patterns { include: vec!["other/*".parse().unwrap()], exclude: Vec::new() },
        ..Wanted::default()
    });
    run(&outbox, &sink, &[deaf], &clock, in_hours(1)).await;
    run(
        &outbox,
        &sink,
        &[route(Wanted { severity: Severity::Low, ..Wanted::default() })],
        &clock,
        in_hours(2),
    )
    .await;
    assert_eq!(taken(&sink), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_sink_that_is_away_for_a_while_is_told_all_of_it_and_one_that_never_comes_back_leaves_dead_letters()
{
    let away = |times| {
        VecDeque::from(vec![
            Err(NotDelivered {
                reason: "503".into(),
                retry: Retry::Later(None),
                reached: None
            });
            times
        ])
    };
    let (outbox, clock) = (MemoryOutbox::default(), PausedClock::new());
    let sink = MemorySink { answers: Mutex::new(away(5)), ..MemorySink::default() };
    outbox.notice(new_finding(1, "CVE-1"));
    let routes = [route(Wanted::default())];
    run(&outbox, &sink, &routes, &clock, in_hours(1)).await;
    assert_eq!(taken(&sink), ["CVE-1"]);
    *sink.answers.lock().unwrap() = away(100);
    outbox.notice(new_finding(2, "CVE-2"));
    run(&outbox, &sink, &routes, &clock, in_hours(4)).await;
    assert_eq!(taken(&sink), ["CVE-1"]);
    let dead = outbox.dead_letters();
    assert_eq!((dead.len(), dead[0].1.as_str()), (1, "503"));
}

#[tokio::test(start_paused = true)]
async fn a_sink_that_takes_a_message_in_parts_goes_on_where_it_was_whatever_happens_in_between() {
    let (outbox, clock) = (MemoryOutbox::default(), PausedClock::new());
    let part = |reached: &str| Ok(Taken::Part(reached.to_owned()));
    let away = Err(NotDelivered { reason: "503".into(), retry: Retry::Later(None), reached: None });
    let answers = Mutex::new(VecDeque::from([part("1"), part("2"), away]));
    let sink = MemorySink { answers, ..MemorySink::default() };
    outbox.notice(new_finding(1, "CVE-1"));
    run(&outbox, &sink, &[route(Wanted::default())], &clock, in_hours(1)).await;
    let taken = sink.taken.lock().unwrap();
    let offered: Vec<_> = taken.iter().map(|parcel| (parcel.reached.as_deref(), parcel.attempts)).collect();
    assert_eq!(offered, [(None, 0), (Some("1"), 0), (Some("2"), 1)], "parts are no attempts");
}

#[tokio::test(start_paused = true)]
async fn a_route_with_a_period_tells_all_of_it_at_once() {
    let (outbox, sink, clock) = (MemoryOutbox::default(), MemorySink::default(), PausedClock::new());
    let round_up = RoundUp { cron: "@hourly".parse().unwrap(), time_zone: jiff::tz::TimeZone::UTC };
    let routes = [Route { round_up: Some(round_up), ..route(Wanted::default()) }];
    for n in 1..4 {
        outbox.notice(new_finding(n, &format!("CVE-{n}")));
        run(&outbox, &sink, &routes, &clock, clock.now() + SignedDuration::from_mins(15)).await;
    }
    assert_eq!(taken(&sink), [""; 0]);
    run(&outbox, &sink, &routes, &clock, in_hours(2)).await;
    assert_eq!(taken(&sink), ["1 messages"], "all of them are about one image");
}

#[tokio::test(start_paused = true)]
async fn a_vulnerability_that_comes_in_image_after_image_is_told_at_once_and_then_together() {
    let (outbox, sink, clock) = (MemoryOutbox::default(), MemorySink::default(), PausedClock::new());
    let routes = [route(Wanted::default())];
    for minute in 0..30 {
        let images = (0..40).map(|n| 100 * minute + n);
        let changed = |n: u64| {
            let image = subject(&format!("team/app{n}"), &["v1"], n);
            change(n as i64, ChangeKind::New, &image, &finding("CVE-1", "CRITICAL", "zlib"))
        };
        let changes = images.map(changed).collect();
        outbox.notice(Untold { changes, ..Untold::default() });
        let until = clock.now() + SignedDuration::from_mins(1);
        run(&outbox, &sink, &routes, &clock, until).await;
        clock.wait_until(until).await;
    }
    run(&outbox, &sink, &routes, &clock, in_hours(3)).await;
    let told: Vec<usize> = (sink.taken.lock().unwrap().iter())
        .map(|parcel| match &parcel.message {
            Message::Vulnerability(news) => news.found.len(),
            Message::Roundup(roundup) => match roundup.messages.as_slice() {
                [Message::Vulnerability(news)] => news.found.len(),
                other => panic!("{} messages", other.len()),
            },
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(told, [40, 29 * 40]);
}

/// News of an exception for these repositories, in which it accepts something in as many images.
fn excepted(repository: Option<&str>, images: &[&str]) -> Untold {
    let place = |(n, name): (usize, &&str)| subject(name, &["v1"], n as u64);
    let subjects: Vec<Subject> = images.iter().enumerate().map(place).collect();
    let idle = ExceptionNotice::Idle { since: None };
    let notice = if images.is_empty() { idle } else { ExceptionNotice::Lapses { days: 14 } };
    let news = ExceptionNews {
        id: ChangeId(1),
        at: now(),
        notice,
        vulnerability: "CVE-1".to_owned(),
        package: None,
        repository: repository.map(str::to_owned),
        tag: None,
        reason: "not reachable".to_owned(),
        author: None,
        until: None,
        findings: images.len() as u64,
        images: images.len() as u64,
        subjects,
    };
    Untold { exceptions: vec![news], ..Untold::default() }
}

/// By which of the routes, each for these repositories, it is told, with how many images and the first of them.
async fn check_exception(untold: Untold, routes: &[&str], expected: &[&str]) {
    let outbox = MemoryOutbox::default();
    outbox.notice(untold);
    let to = |of: &&str| {
        let patterns = |text: &str| text.split_whitespace().map(|text| text.parse().unwrap()).collect();
        let (include, exclude) = of.split_once('!').unwrap_or((of, ""));
        let repositories = Patterns { include: patterns(include), exclude: patterns(exclude) };
        let exceptions = !of.ends_with("deaf");
        let name = format!("to.{}", of.replace(['/', '*', '!'], "-"));
        let sinks = vec![name.parse().unwrap()];
        let wanted = Wanted { repositories, exceptions, ..Wanted::default() };
        Route { name: name.parse().unwrap(), sinks, ..route(wanted) }
    };
    let routes: Vec<Route> = routes.iter().map(to).collect();
    tell(&outbox, (&routes, &Owners::default()), SignedDuration::ZERO, now()).await.unwrap();
    let mut told = Vec::new();
    for route in &routes {
        let Next::Deliver(parcel) = outbox.next(&route.sinks[0], now()).await.unwrap() else { continue };
        let Message::Exception(news) = &parcel.message else { panic!("{:?}", parcel.message) };
        let first = news.subjects.first().map(Subject::name).unwrap_or_default();
        told.push(format!("{} {} {first}", parcel.route, news.subjects.len()));
    }
    assert_eq!(told, expected);
}

#[tokio::test]
async fn an_exception_is_told_to_those_who_hear_of_an_image_in_which_it_accepts_something_however_many_there_are()
 {
    let mut images = vec!["team-a/app"; 30];
    images.push("team-z/app");
    check_exception(
        excepted(None, &images),
        &["team-a/*", "team-z/*", "other/*"],
        &["to.team-a-- 20 team-a/app:v1", "to.team-z-- 20 team-z/app:v1"],
    )
    .await;
    check_exception(excepted(None, &["team-a/app"]), &["other/*"], &[]).await;
}

#[tokio::test]
async fn one_that_accepts_nothing_is_told_to_those_who_might_have_to_do_with_it() {
    let idle = |repository| excepted(repository, &[]);
    check_exception(idle(Some("team-z/*")), &["team-a/*", "team-z/*"], &["to.team-z-- 0 "]).await;
    check_exception(idle(Some("team-z/app")), &["team-*/*", "team-z/*!team-z/app"], &["to.team---- 0 "])
        .await;
    check_exception(idle(Some("team-z/*")), &["", "team-a/*"], &["to. 0 "]).await;
    check_exception(
        idle(None),
        &["team-a/*", "team-z/*", "team-x/deaf"],
        &["to.team-a-- 0 ", "to.team-z-- 0 "],
    )
    .await;
    check_exception(idle(Some("team-z/*")), &["team-a/*", "!team-a/*"], &["to.-team-a-- 0 "]).await;
}

#[tokio::test(start_paused = true)]
async fn a_sink_to_which_two_routes_lead_is_told_by_the_first_of_them() {
    let (outbox, sink, clock) = (MemoryOutbox::default(), MemorySink::default(), PausedClock::new());
    let round_up = RoundUp { cron: "@hourly".parse().unwrap(), time_zone: jiff::tz::TimeZone::UTC };
    let hourly = Route { round_up: Some(round_up), ..route(Wanted::default()) };
    let routes = [route(Wanted::default()), route(Wanted::default()), hourly];
    outbox.notice(new_finding(1, "CVE-1"));
    run(&outbox, &sink, &routes, &clock, now() + SignedDuration::from_mins(1)).await;
    assert_eq!(taken(&sink), ["CVE-1"]);
    run(&outbox, &sink, &routes, &clock, in_hours(2)).await;
    assert_eq!(taken(&sink), ["CVE-1", "1 messages"], "and by one that sums up a period");
}
