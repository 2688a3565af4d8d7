//! News: from what a pass notices to messages that sinks have taken or not.

use jiff::SignedDuration;
use vigil_core::news::{Message, NotDelivered, Retry, RoundUp, Route, SinkName, Wanted};
use vigil_core::policy::Owners;
use vigil_core::port::{Journal, Next, Outbox, Parcel};
use vigil_core::record::Entry;
use vigil_core::step::{Told, tell};
use vigil_core::testing::image;
use vigil_store::{NewPass, Slice};

use crate::databases::stories;
use crate::stage::{Stage, name, new_pass, registry};

stories!(
    what_was_not_told_yet_is_told_once,
    the_first_sight_of_a_registry_is_one_summary,
    the_summary_waits_for_the_pass_that_sees_the_registry_as_a_whole,
    what_events_tell_of_is_news_also_before_any_pass,
    what_a_message_waits_for_does_not_grow_while_it_is_delivered,
    what_was_fixed_is_told_by_routes_that_look_at_fixes,
    a_message_waits_until_its_sink_has_taken_it,
    a_period_is_told_at_once,
    what_comes_in_many_images_is_told_at_once_and_then_together,
    a_scan_that_fails_is_told_until_one_succeeds,
    a_build_under_a_tag_of_its_own_follows_the_one_before,
    who_looks_after_a_repository_is_read_once_a_day_and_told_with_its_news,
);

fn route(round_up: Option<&str>) -> Route {
    let round_up =
        round_up.map(|cron| RoundUp { cron: cron.parse().unwrap(), time_zone: jiff::tz::TimeZone::UTC });
    Route {
        name: "all".parse().unwrap(),
        wanted: Wanted::default(),
        sinks: vec!["channel".parse().unwrap(), "mail".parse().unwrap()],
        round_up,
    }
}

const SETTLED: SignedDuration = SignedDuration::from_secs(10);

fn channel() -> SinkName {
    "channel".parse().unwrap()
}

/// A registry that everybody was told of, and an image that was scanned in it.
async fn known(stage: &Stage) -> vigil_core::Image {
    let app = image(1, &["latest"], 9);
    stage.list(std::slice::from_ref(&app)).await;
    stage.scanned(&app, &["CVE-1 LOW zlib"]).await;
    let end = stage.store.end_pass(stage.pass, stage.now(), "complete", None);
    end.await.unwrap();
    stage.clock.hours(1);
    tell(&stage.store, (&[], &Owners::default()), SETTLED, stage.now()).await.unwrap();
    stage.clock.hours(23);
    app
}

async fn told(stage: &Stage, route: Route) -> Told {
    stage.clock.hours(1);
    tell(&stage.store, (&[route], &Owners::default()), SETTLED, stage.now()).await.unwrap()
}

async fn next(stage: &Stage) -> Next {
    stage.store.next(&channel(), stage.now()).await.unwrap()
}

fn parcel(next: Next) -> Parcel {
    let Next::Deliver(parcel) = next else { panic!("{next:?}") };
    *parcel
}

fn lines(message: &Message) -> Vec<String> {
    let Message::Image(news) = message else { panic!("{message:?}") };
    let line = |change: &vigil_core::news::Change| {
        let package = change.finding.package.as_ref().unwrap();
        let version = package.version.as_deref().unwrap_or("-");
        format!(
            "{} {} {} {version} {:?}",
            change.finding.id, change.finding.severity, package.name, change.kind
        )
    };
    news.changes.iter().map(line).collect()
}

async fn what_was_not_told_yet_is_told_once(stage: Stage) {
    let app = known(&stage).await;
    stage.scanned(&app, &["CVE-1 HIGH zlib", "CVE-2 HIGH tar fixable"]).await;
    assert_eq!(told(&stage, route(None)).await, Told::Posted(2), "one message for each sink");
    assert_eq!(told(&stage, route(None)).await, Told::Nothing);
    let parcel = parcel(next(&stage).await);
    assert_eq!(
        lines(&parcel.message),
        [
            "CVE-1 HIGH zlib 1.0 Worsened(Worse { severity_before: Some(Low), exploit_became_known: false, \
             became_known_exploited: false, fix_appeared: false, accepted_before: None })",
            "CVE-2 HIGH tar 1.0 New",
        ]
    );
    let Message::Image(news) = parcel.message else { unreachable!() };
    assert_eq!((news.subject.name(), news.subject.counts.total()), ("team/app:latest".into(), 2));
    assert_eq!(news.upgrades[0].to.as_ref(), "2.0");
}

async fn the_first_sight_of_a_registry_is_one_summary(stage: Stage) {
    let app = image(1, &["latest"], 9);
    stage.list(std::slice::from_ref(&app)).await;
    stage.scanned(&app, &["CVE-1 LOW zlib"]).await;
    assert_eq!(told(&stage, route(None)).await, Told::Nothing, "the pass is still under way");
    stage.store.end_pass(stage.pass, stage.now(), "complete", None).await.unwrap();
    assert_eq!(told(&stage, route(None)).await, Told::Posted(2));
    let Message::Baseline(baseline) = parcel(next(&stage).await).message else { panic!() };
    assert_eq!((baseline.repositories, baseline.images, baseline.counts.total()), (1, 1, 1));
    assert_eq!(told(&stage, route(None)).await, Told::Nothing);
}

/// Another pass than that of the stage, of this cause.
async fn other(stage: &Stage, cause: &str) -> vigil_store::PassId {
    let pass = NewPass { trigger: cause.to_owned(), ..new_pass("other", stage.now()) };
    stage.store.begin_pass(pass).await.unwrap()
}

async fn the_summary_waits_for_the_pass_that_sees_the_registry_as_a_whole(stage: Stage) {
    let app = image(1, &["latest"], 9);
    stage.list(std::slice::from_ref(&app)).await;
    stage.scanned(&app, &["CVE-1 LOW zlib"]).await;
    let (look, elsewhere) = (other(&stage, "event").await, other(&stage, "schedule").await);
    stage.store.end_look(look, stage.now(), "complete", None).await.unwrap();
    stage.store.end_pass(elsewhere, stage.now(), "complete", None).await.unwrap();
    assert_eq!(told(&stage, route(None)).await, Told::Nothing, "it is still being seen");
    stage.store.end_pass(stage.pass, stage.now(), "complete", None).await.unwrap();
    assert_eq!(told(&stage, route(None)).await, Told::Posted(2));
}

async fn what_events_tell_of_is_news_also_before_any_pass(stage: Stage) {
    stage.store.give_back_pass(stage.pass, stage.now()).await.unwrap();
    let stage = Stage { pass: other(&stage, "event").await, ..stage };
    let (app, broken) = (image(1, &["latest"], 9), image(2, &["broken"], 9));
    stage.record("team/app", vec![Entry::Seen(vec![app.clone()])]).await;
    stage.scanned(&app, &["CVE-1 LOW zlib"]).await;
    stage.store.end_look(stage.pass, stage.now(), "complete", None).await.unwrap();
    assert_eq!(told(&stage, route(None)).await, Told::Nothing, "what is there at first is no news");
    stage.scanned(&app, &["CVE-1 LOW zlib", "CVE-2 HIGH tar"]).await;
    assert_eq!(told(&stage, route(None)).await, Told::Posted(2));
    stage.record("team/app", vec![Entry::Seen(vec![broken.clone()])]).await;
    let failed = vigil_core::testing::scan("FAILED", None, &[]);
    stage.record("team/app", vec![Entry::Found(broken.digest, Box::new(failed))]).await;
    assert_eq!(told(&stage, route(None)).await, Told::Posted(2), "a scan that fails is told too");
}

async fn what_a_message_waits_for_does_not_grow_while_it_is_delivered(stage: Stage) {
    let app = known(&stage).await;
    let tell_daily = async |stage: &Stage| {
        let daily = [route(Some("@daily"))];
        tell(&stage.store, (&daily, &Owners::default()), SignedDuration::ZERO, stage.now()).await.unwrap();
    };
    stage.scanned(&app, &["CVE-1 LOW zlib", "CVE-2 HIGH tar2"]).await;
    tell_daily(&stage).await;
    let Next::Wait(due) = next(&stage).await else { panic!() };
    stage.scanned(&app, &["CVE-1 LOW zlib", "CVE-2 HIGH tar2", "CVE-3 HIGH tar3"]).await;
    // It is handed out; and then somebody who is late still puts something into it.
    let handed_out = parcel(stage.store.next(&channel(), due).await.unwrap());
    tell_daily(&stage).await;
    stage.store.delivered(&handed_out, due).await.unwrap();
    let late = parcel(stage.store.next(&channel(), due).await.unwrap());
    assert_ne!(late.id, handed_out.id);
    let Message::Roundup(roundup) = late.message else { panic!() };
    assert_eq!(lines(&roundup.messages[0]), ["CVE-3 HIGH tar3 1.0 New"]);
}

async fn what_was_fixed_is_told_by_routes_that_look_at_fixes(stage: Stage) {
    let app = known(&stage).await;
    let fixable = || Route { wanted: Wanted { fixable: true, ..Wanted::default() }, ..route(None) };
    stage.scanned(&app, &["CVE-1 LOW zlib", "CVE-2 HIGH tar fixable"]).await;
    assert_eq!(told(&stage, fixable()).await, Told::Posted(2));
    stage.scanned(&app, &["CVE-3 LOW zlib"]).await;
    assert_eq!(told(&stage, fixable()).await, Told::Posted(2), "and not that CVE-1 went, which had no fix");
    let heard: Vec<String> = heard(&stage).await;
    assert_eq!(heard, ["CVE-2 HIGH tar 1.0 New", "CVE-2 HIGH tar - Fixed"]);
}

/// All that the channel is told now, line by line.
async fn heard(stage: &Stage) -> Vec<String> {
    let mut heard = Vec::new();
    while let Next::Deliver(parcel) = next(stage).await {
        heard.extend(lines(&parcel.message));
        stage.store.delivered(&parcel, stage.now()).await.unwrap();
    }
    heard
}

async fn a_message_waits_until_its_sink_has_taken_it(stage: Stage) {
    let app = known(&stage).await;
    stage.scanned(&app, &["CVE-2 HIGH tar"]).await;
    told(&stage, route(None)).await;
    let first = parcel(next(&stage).await);
    assert_eq!(parcel(next(&stage).await).id, first.id, "nobody has said what became of it");
    stage.store.got_as_far(&first, "a quarter").await.unwrap();
    let begun = parcel(next(&stage).await);
    assert_eq!((&begun.id, begun.attempts, begun.reached.as_deref()), (&first.id, 0, Some("a quarter")));
    let away = NotDelivered { reason: "503".into(), retry: Retry::Later(None), reached: Some("half".into()) };
    let later = stage.now() + SignedDuration::from_mins(5);
    stage.store.put_off(&first, &away, later).await.unwrap();
    assert_eq!(next(&stage).await, Next::Wait(later));
    stage.clock.hours(1);
    let again = parcel(next(&stage).await);
    assert_eq!((&again.id, again.attempts, again.reached.as_deref()), (&first.id, 1, Some("half")));
    let gone = NotDelivered { reached: Some("most".into()), ..away };
    stage.store.give_up(&again, &gone, stage.now()).await.unwrap();
    assert_eq!(next(&stage).await, Next::Nothing);
    let queues = stage.store.sink_queues(stage.now()).await.unwrap();
    let told: Vec<_> = queues.iter().map(|queue| (queue.sink.as_str(), queue.waiting, queue.dead)).collect();
    assert_eq!(told, [("channel", 0, 1), ("mail", 1, 0)], "one sink holds back no other");
    let letters = stage.store.dead_letters(None, Slice::first(9)).await.unwrap().items;
    assert_eq!((&letters[0].parcel.id, letters[0].failure.as_str()), (&first.id, "503"));
    assert!(stage.store.revive(first.id.clone(), stage.now()).await.unwrap());
    let revived = parcel(next(&stage).await);
    assert_eq!(revived.reached.as_deref(), Some("most"), "it goes on where it was given up");
    stage.store.delivered(&revived, stage.now()).await.unwrap();
    assert_eq!(next(&stage).await, Next::Nothing);
    assert!(!stage.store.revive(first.id, stage.now()).await.unwrap(), "it was delivered");
}

async fn a_period_is_told_at_once(stage: Stage) {
    let app = known(&stage).await;
    let findings = ["CVE-1 LOW zlib", "CVE-2 HIGH tar2", "CVE-3 HIGH tar3"];
    for found in [&findings[..2], &findings] {
        stage.scanned(&app, found).await;
        told(&stage, route(Some("@daily"))).await;
    }
    assert!(matches!(next(&stage).await, Next::Wait(_)));
    stage.clock.hours(24);
    let Message::Roundup(roundup) = parcel(next(&stage).await).message else { panic!() };
    assert_eq!(lines(&roundup.messages[0]), ["CVE-2 HIGH tar2 1.0 New", "CVE-3 HIGH tar3 1.0 New"]);
    assert!(roundup.since < roundup.until);
}

async fn what_comes_in_many_images_is_told_at_once_and_then_together(stage: Stage) {
    let images: Vec<_> = (1..=15).map(|n| image(n, &[&format!("tag-{n}")], 9)).collect();
    stage.list(&images).await;
    for image in &images {
        stage.scanned(image, &["CVE-1 LOW zlib"]).await;
    }
    stage.store.end_pass(stage.pass, stage.now(), "complete", None).await.unwrap();
    told(&stage, route(None)).await;
    stage.clock.hours(24);
    let mut heard = Vec::new();
    for some in images.chunks(12) {
        for image in some {
            stage.scanned(image, &["CVE-1 LOW zlib", "CVE-2 HIGH tar"]).await;
        }
        let at_once = SignedDuration::ZERO;
        tell(&stage.store, (&[route(None)], &Owners::default()), at_once, stage.now()).await.unwrap();
    }
    stage.clock.hours(1);
    while let Next::Deliver(parcel) = next(&stage).await {
        match &parcel.message {
            Message::Vulnerability(news) => heard.push(news.found.len()),
            Message::Roundup(roundup) => {
                let [Message::Vulnerability(news)] = roundup.messages.as_slice() else { panic!() };
                heard.push(news.found.len());
            }
            _ => {}
        }
        stage.store.delivered(&parcel, stage.now()).await.unwrap();
    }
    assert_eq!(heard, [12, 3]);
}

async fn a_scan_that_fails_is_told_until_one_succeeds(stage: Stage) {
    let app = known(&stage).await;
    let failed = || vigil_core::testing::scan("FAILED", None, &[]);
    let finished = |stage: &Stage| vigil_core::testing::scan("COMPLETE", Some(stage.now()), &[]);
    let mut told_of = 0;
    for scan in [failed(), failed(), finished(&stage), failed()] {
        stage.clock.hours(24);
        let entry = vigil_core::record::Entry::Found(app.digest, Box::new(scan));
        stage.record("team/app", vec![entry]).await;
        let untold = stage.store.untold().await.unwrap();
        told_of += untold.failures.len();
        assert!(untold.failures.iter().all(|failure| failure.state == "FAILED"));
        told(&stage, route(None)).await;
    }
    assert_eq!(told_of, 2);
}

async fn a_build_under_a_tag_of_its_own_follows_the_one_before(stage: Stage) {
    let app = known(&stage).await;
    let pushed_at = Some(stage.now());
    let build = vigil_core::Image { pushed_at, ..image(2, &["build-2"], 0) };
    stage.list(&[app, build.clone()]).await;
    stage.scanned(&build, &["CVE-1 LOW zlib", "CVE-2 HIGH tar"]).await;
    told(&stage, route(None)).await;
    let parcel = parcel(next(&stage).await);
    assert_eq!(lines(&parcel.message), ["CVE-2 HIGH tar 1.0 New"], "the other one was there before");
}

async fn who_looks_after_a_repository_is_read_once_a_day_and_told_with_its_news(stage: Stage) {
    let (registry, name) = (registry(), name("team/app"));
    let unread = async |hours: i64| {
        let since = stage.now() - SignedDuration::from_hours(hours);
        stage.store.is_owner_unread(registry.clone(), name.clone(), since).await.unwrap()
    };
    assert!(!unread(24).await, "nobody has seen it");
    let app = known(&stage).await;
    assert!(unread(24).await);
    let owner = Some("team-blue".to_owned());
    stage.store.note_owner(registry.clone(), name.clone(), owner, stage.now()).await.unwrap();
    assert!(!unread(24).await);
    stage.clock.hours(25);
    assert!(unread(24).await);
    stage.store.put_off_owner(registry.clone(), name.clone(), stage.now()).await.unwrap();
    assert!(!unread(24).await);
    stage.scanned(&app, &["CVE-1 LOW zlib", "CVE-2 HIGH tar"]).await;
    told(&stage, route(None)).await;
    let Message::Image(news) = parcel(next(&stage).await).message else { panic!() };
    assert_eq!(news.subject.owner.as_deref(), Some("team-blue"));
    let slice = Slice::first(10);
    let images =
        stage.store.images(vigil_store::ImageFilter::default(), vigil_store::ImageOrder::Name, slice);
    assert_eq!(images.await.unwrap().items[0].owner.as_deref(), Some("team-blue"));
}
