//! What somebody accepts, and takes back.

use jiff::tz::TimeZone;
use vigil_core::evaluate::evaluate;
use vigil_core::image::Image;
use vigil_core::lineage::FindingState;
use vigil_core::news::{ChangeKind, ExceptionNews, ExceptionNotice};
use vigil_core::policy::{Exception, Exceptions, Gate};
use vigil_core::port::{Journal, Ledger, Telling};
use vigil_core::record::Entry;
use vigil_core::testing::{digest, image, scan};
use vigil_store::{
    ExceptionFilter, FindingFilter, ImageFilter, ImageFindingFilter, ImageOrder, NewException, Slice, Store,
    StoredException, Watching,
};

use crate::databases::stories;
use crate::stage::{Stage, name, parse, registry};

stories!(
    an_exception_counts_at_once_and_so_does_its_end,
    an_exception_expires,
    what_expires_is_asked_about_once,
    an_exception_about_many_images_holds_at_once_and_is_counted_bit_by_bit,
    an_exception_is_made_once,
    exceptions_come_in_pages,
    what_an_exception_names_decides,
    an_exception_made_or_ended_during_a_pass_holds,
    what_a_scan_that_failed_leaves_standing_can_be_accepted,
    what_a_pass_accepts_by_its_settings_is_left_alone,
    between_two_scans_nothing_ages_whoever_changes_their_mind,
    an_exception_lapses_when_what_it_accepts_gets_worse_until_somebody_makes_another,
    builds_under_tags_of_their_own_go_on_with_what_was_accepted_in_the_one_before,
    one_that_has_lapsed_does_not_come_back_when_another_is_over,
    one_that_says_how_severe_it_accepts_goes_by_that_alone,
    one_of_the_settings_lapses_along_the_lineage_in_which_it_got_worse,
    an_exception_that_is_written_twice_is_one_and_of_processes_that_look_at_it_one_tells_it,
    an_exception_is_news_for_everybody_in_whose_repository_it_accepts_something,
    who_made_an_exception_is_warned_once_before_it_lapses_and_once_it_accepts_nothing,
);

async fn accept(stage: &Stage, id: &str) -> StoredException {
    except(stage, exception(id)).await
}

async fn except(stage: &Stage, exception: Exception) -> StoredException {
    let new = NewException { exception, author: "ann".to_owned(), at: stage.now() };
    stage.store.create_exception(new).await.unwrap().stored
}

pub(crate) fn exception(id: &str) -> Exception {
    Exception::of(id, "not reachable")
}

async fn app(stage: &Stage, findings: &[&str]) -> Image {
    let app = image(1, &["latest"], 9);
    stage.list(std::slice::from_ref(&app)).await;
    stage.scanned(&app, findings).await;
    app
}

/// Open findings, accepted ones, and how each finding stands.
async fn standing(stage: &Stage) -> (u64, u64, Vec<String>) {
    let detail = stage.store.image(registry(), name("team/app"), digest(1)).await.unwrap().unwrap();
    let open = detail.image.counts.unwrap().total();
    (open, detail.image.accepted, stage.findings(FindingFilter::default()).await)
}

async fn an_exception_counts_at_once_and_so_does_its_end(stage: Stage) {
    app(&stage, &["CVE-1 HIGH zlib", "CVE-2 LOW tar"]).await;
    let kept = accept(&stage, "cve-1").await;
    let told = |state: &str| vec![format!("latest CVE-1 zlib {state} 0h"), "latest CVE-2 tar open 0h".into()];
    assert_eq!(standing(&stage).await, (1, 1, told("excepted")));
    let of_image = |accepted| {
        let filter = ImageFindingFilter { accepted: Some(accepted), ..ImageFindingFilter::default() };
        stage.store.findings_of_image(registry(), name("team/app"), digest(1), filter, Slice::first(9))
    };
    let accepted = of_image(true).await.unwrap().unwrap().items;
    let by = accepted[0].accepted.clone().unwrap();
    assert_eq!(
        (by.source.as_str(), by.exception, by.reason.as_str()),
        ("exception", Some(kept.id), "not reachable")
    );
    assert_eq!(of_image(false).await.unwrap().unwrap().items.len(), 1);
    // A pass that knows of the exception says the same, and nothing changes.
    stage.clock.hours(24);
    app(&stage, &["CVE-1 HIGH zlib", "CVE-2 LOW tar"]).await;
    assert_eq!(standing(&stage).await.1, 1);
    let ended = stage.store.end_exception(kept.id, stage.now()).await.unwrap().unwrap();
    assert_eq!(ended.ended_at, Some(stage.now()));
    let (open, accepted, findings) = standing(&stage).await;
    assert_eq!((open, accepted, findings[0].as_str()), (2, 0, "latest CVE-1 zlib open 24h"));
    assert_eq!(stage.changes().await, [""; 0], "what somebody decides is no news of the image");
    let in_force = ExceptionFilter { in_force_at: Some(stage.now()), vulnerability: None };
    assert!(stage.store.exceptions(in_force, Slice::first(9)).await.unwrap().items.is_empty());
    let all = stage.store.exceptions(ExceptionFilter::default(), Slice::first(9)).await.unwrap();
    assert_eq!(all.items.len(), 1, "it is kept");
}

async fn an_exception_is_made_once(stage: Stage) {
    let make = async |exception: Exception, author: &str| {
        let new = NewException { exception, author: author.to_owned(), at: stage.now() };
        let made = stage.store.create_exception(new).await.unwrap();
        (made.stored.id, made.stored.author, made.is_new)
    };
    let (first, _, is_new) = make(exception("CVE-1"), "ann").await;
    assert!(is_new);
    assert_eq!(make(exception("cve-1"), "bob").await, (first, "ann".to_owned(), false));
    let today = stage.now().to_zoned(TimeZone::UTC).date();
    let others = [
        Exception { package: Some("zlib".into()), ..exception("CVE-1") },
        Exception { tag: "v*".parse().ok(), ..exception("CVE-1") },
        Exception { until: Some(today), ..exception("CVE-1") },
        Exception { reason: "something else".into(), ..exception("CVE-1") },
        exception("CVE-2"),
    ];
    for other in others.clone() {
        assert!(make(other.clone(), "ann").await.2, "{other:?}");
        assert!(!make(other.clone(), "ann").await.2, "{other:?}");
    }
    stage.clock.hours(48);
    assert!(make(others[2].clone(), "ann").await.2, "its last day is over");
    stage.store.end_exception(first, stage.now()).await.unwrap();
    assert!(make(exception("CVE-1"), "ann").await.2, "the one before was ended");
}

async fn exceptions_come_in_pages(stage: Stage) {
    for n in 1..=5 {
        accept(&stage, &format!("CVE-{n}")).await;
    }
    let (mut slice, mut told) = (Slice::first(2), Vec::new());
    loop {
        let page = stage.store.exceptions(ExceptionFilter::default(), slice).await.unwrap();
        told.extend(page.items.into_iter().map(|stored| stored.exception.id));
        let Some(next) = page.next else { break };
        slice = Slice { after: Some(next), limit: 2 };
    }
    assert_eq!(told, ["CVE-5", "CVE-4", "CVE-3", "CVE-2", "CVE-1"]);
}

async fn an_exception_expires(stage: Stage) {
    app(&stage, &["CVE-1 HIGH zlib"]).await;
    let today = stage.now().to_zoned(TimeZone::UTC).date();
    except(&stage, Exception { until: Some(today), ..exception("CVE-1") }).await;
    stage.store.settle_exceptions(stage.now()).await.unwrap();
    assert_eq!(standing(&stage).await.1, 1, "until the day is over");
    stage.clock.hours(24);
    stage.store.settle_exceptions(stage.now()).await.unwrap();
    assert_eq!((standing(&stage).await.0, standing(&stage).await.1), (1, 0));
}

async fn what_expires_is_asked_about_once(stage: Stage) {
    let app = app(&stage, &["CVE-1 HIGH zlib"]).await;
    let today = stage.now().to_zoned(TimeZone::UTC).date();
    let kept = except(&stage, Exception { until: Some(today), ..exception("CVE-1") }).await;
    // What a pass has judged before midnight, and writes down only after it.
    let late =
        (stage.now(), stage.judged(&app, scan("COMPLETE", Some(stage.now()), &[parse("CVE-1 LOW zlib")])));
    stage.clock.hours(24);
    stage.store.settle_exceptions(stage.now()).await.unwrap();
    assert!(stage.store.exception(kept.id).await.unwrap().unwrap().counted);
    stage.ledger().record(&registry(), &name("team/app"), late.0, late.1).await.unwrap();
    assert_eq!((standing(&stage).await.0, standing(&stage).await.1), (1, 0), "it is over for everybody");
    let before = stage.store.revision().await.unwrap();
    stage.clock.hours(24);
    stage.store.settle_exceptions(stage.now()).await.unwrap();
    // A server counts what is written in all of its databases, also by other stories.
    if stage.database.room.is_some() {
        assert_eq!(stage.store.revision().await.unwrap(), before, "there is nothing to write down");
    }
}

/// How many of the images are counted as accepted.
async fn accepted(stage: &Stage) -> u64 {
    let (filter, mut slice, mut accepted) = (ImageFilter::default(), Slice::first(1000), 0);
    loop {
        let page = stage.store.images(filter.clone(), ImageOrder::WorstFirst, slice).await.unwrap();
        accepted += page.items.iter().map(|row| row.accepted).sum::<u64>();
        let Some(next) = page.next else { return accepted };
        slice = Slice { after: Some(next), limit: 1000 };
    }
}

async fn an_exception_about_many_images_holds_at_once_and_is_counted_bit_by_bit(stage: Stage) {
    const IMAGES: u64 = 620;
    let images: Vec<Image> = (1..=IMAGES).map(|n| image(n, &[&format!("v{n}")], 9)).collect();
    stage.list(&images).await;
    let found = |image: &Image| {
        let findings = ["CVE-1 HIGH zlib", "CVE-2 LOW tar"].map(parse);
        stage.judged(image, scan("COMPLETE", Some(stage.now()), &findings))
    };
    stage.record("team/app", images.iter().flat_map(found).collect()).await;
    let kept = accept(&stage, "CVE-1").await;
    assert_eq!((kept.counted, accepted(&stage).await), (false, 500));
    // Whoever looks after exceptions is told of it, even if they look only later.
    stage.store.exceptions_unsettled().await;
    stage.record("team/app", found(&images[619])).await;
    assert_eq!(accepted(&stage).await, 501, "it holds for what is judged meanwhile");
    // Another one, about little, does not wait for it.
    assert!(accept(&stage, "CVE-9").await.counted);
    // The service is killed, and another one goes on.
    let clock = stage.clock.clone();
    let Stage { database, store, pass, patterns, .. } = stage;
    drop(store);
    let store = Store::open(&database.place, clock.clone()).await.unwrap();
    let stage = Stage { database, store, clock, pass, patterns };
    assert!(!stage.store.exception(kept.id).await.unwrap().unwrap().counted);
    stage.store.settle_exceptions(stage.now()).await.unwrap();
    assert!(stage.store.exception(kept.id).await.unwrap().unwrap().counted);
    assert_eq!(accepted(&stage).await, IMAGES);
    let told = |state| FindingFilter { states: vec![state], ..FindingFilter::default() };
    assert_eq!(stage.findings(told(FindingState::Excepted)).await.len(), 100, "a page of them");
    let repository = stage.store.repository(registry(), name("team/app")).await.unwrap().unwrap();
    assert_eq!((repository.images, repository.scanned, repository.counts.total()), (IMAGES, IMAGES, IMAGES));
    // It ends the same way.
    let ended = stage.store.end_exception(kept.id, stage.now()).await.unwrap().unwrap();
    assert_eq!((ended.counted, accepted(&stage).await), (false, IMAGES - 500));
    stage.store.settle_exceptions(stage.now()).await.unwrap();
    assert_eq!(accepted(&stage).await, 0);
}

/// A pass that has judged already, and writes that down only later.
async fn an_exception_made_or_ended_during_a_pass_holds(stage: Stage) {
    let app = app(&stage, &["CVE-1 HIGH zlib", "CVE-2 LOW tar"]).await;
    let findings = ["CVE-1 HIGH zlib", "CVE-2 LOW tar", "CVE-3 LOW bash"].map(crate::stage::parse);
    let scan = |findings| vigil_core::testing::scan("COMPLETE", Some(stage.now()), findings);
    let judged = stage.judged(&app, scan(&findings));
    let kept = accept(&stage, "CVE-1").await;
    stage.record("team/app", judged).await;
    let told = ["latest CVE-1 zlib excepted 0h", "latest CVE-2 tar open 0h", "latest CVE-3 bash new 0h"];
    let sorted = async || {
        let (open, accepted, mut findings) = standing(&stage).await;
        findings.sort();
        (open, accepted, findings)
    };
    assert_eq!(sorted().await, (2, 1, told.map(str::to_owned).to_vec()));
    let judged = stage.judged(&app, scan(&findings[..2]));
    stage.store.end_exception(kept.id, stage.now()).await.unwrap();
    stage.record("team/app", judged).await;
    assert_eq!((sorted().await.0, sorted().await.1), (2, 0));
}

async fn what_a_scan_that_failed_leaves_standing_can_be_accepted(stage: Stage) {
    let app = app(&stage, &["CVE-1 HIGH zlib"]).await;
    stage.clock.hours(24);
    let failed = Box::new(vigil_core::testing::scan("FAILED", None, &[]));
    stage.record("team/app", vec![Entry::Found(app.digest, failed)]).await;
    accept(&stage, "CVE-1").await;
    assert_eq!(standing(&stage).await, (0, 1, vec!["latest CVE-1 zlib excepted 24h".to_owned()]));
}

async fn what_an_exception_names_decides(stage: Stage) {
    app(&stage, &["CVE-1 HIGH zlib", "CVE-1 HIGH tar"]).await;
    except(&stage, Exception { package: Some("zlib".into()), ..exception("CVE-1") }).await;
    except(&stage, Exception { repository: "other/*".parse().ok(), ..exception("CVE-1") }).await;
    except(&stage, Exception { tag: "v*".parse().ok(), ..exception("CVE-1") }).await;
    let told = ["latest CVE-1 tar open 0h", "latest CVE-1 zlib excepted 0h"];
    let (open, accepted, mut findings) = standing(&stage).await;
    findings.sort();
    assert_eq!((open, accepted, findings), (1, 1, told.map(str::to_owned).to_vec()));
}

async fn what_a_pass_accepts_by_its_settings_is_left_alone(stage: Stage) {
    let suppressed =
        vigil_core::finding::Finding { suppressed: true, ..crate::stage::parse("CVE-1 HIGH zlib") };
    let app = image(1, &["latest"], 9);
    stage.list(std::slice::from_ref(&app)).await;
    stage.found(&app, vigil_core::testing::scan("COMPLETE", Some(stage.now()), &[suppressed])).await;
    let kept = accept(&stage, "CVE-1").await;
    stage.store.end_exception(kept.id, stage.now()).await.unwrap();
    assert_eq!((standing(&stage).await.0, standing(&stage).await.1), (0, 1));
}

async fn between_two_scans_nothing_ages_whoever_changes_their_mind(stage: Stage) {
    let app = app(&stage, &["CVE-1 LOW zlib"]).await;
    stage.clock.hours(24);
    stage.scanned(&app, &["CVE-1 HIGH zlib", "CVE-2 LOW tar"]).await;
    let told = ["latest CVE-1 zlib worsened 24h", "latest CVE-2 tar new 0h"];
    assert_eq!(standing(&stage).await.2, told);
    let failed = || Box::new(vigil_core::testing::scan("FAILED", None, &[]));
    stage.record("team/app", vec![Entry::Found(app.digest, failed())]).await;
    let kept = accept(&stage, "CVE-1").await;
    assert_eq!(standing(&stage).await.2, ["latest CVE-1 zlib excepted 24h", told[1]]);
    stage.record("team/app", vec![Entry::Found(app.digest, failed())]).await;
    stage.store.end_exception(kept.id, stage.now()).await.unwrap();
    assert_eq!(standing(&stage).await.2, told, "as if nobody had accepted it");
    assert_eq!(stage.changes().await, ["latest CVE-1 worsened", "latest CVE-2 new"], "and it is told once");
    stage.clock.hours(24);
    stage.scanned(&app, &["CVE-1 HIGH zlib", "CVE-2 LOW tar"]).await;
    assert_eq!(standing(&stage).await.2, ["latest CVE-1 zlib open 48h", "latest CVE-2 tar open 24h"]);
}

async fn an_exception_lapses_when_what_it_accepts_gets_worse_until_somebody_makes_another(stage: Stage) {
    let app = app(&stage, &["CVE-1 LOW zlib", "CVE-2 LOW tar"]).await;
    let kept = accept(&stage, "CVE-1").await;
    assert_eq!(kept.exception.severity, Some("LOW".into()), "as severe as it was");
    assert_eq!((standing(&stage).await.0, standing(&stage).await.1), (1, 1));
    stage.clock.hours(24);
    stage.scanned(&app, &["CVE-1 HIGH zlib", "CVE-2 LOW tar"]).await;
    assert_eq!((standing(&stage).await.0, standing(&stage).await.1), (2, 0));
    assert_eq!(stage.changes().await, ["latest CVE-1 worsened"]);
    let untold = stage.store.untold().await.unwrap().changes;
    let ChangeKind::Worsened(worse) = &untold[0].kind else { panic!("{untold:?}") };
    assert_eq!(worse.severity_before, Some("LOW".into()));
    assert_eq!(worse.accepted_before.as_deref(), Some("not reachable"));
    stage.clock.hours(24);
    stage.scanned(&app, &["CVE-1 LOW zlib", "CVE-2 LOW tar"]).await;
    assert_eq!((standing(&stage).await.0, standing(&stage).await.1), (2, 0), "it has lapsed for good");
    stage.store.settle_exceptions(stage.now()).await.unwrap();
    accept(&stage, "CVE-2").await;
    assert_eq!((standing(&stage).await.0, standing(&stage).await.1), (1, 1));
    let anew = accept(&stage, "CVE-1").await;
    assert_ne!(anew.id, kept.id, "what has lapsed is made anew");
    assert_eq!((standing(&stage).await.0, standing(&stage).await.1), (0, 2));
    stage.clock.hours(24);
    let next = image(2, &["latest"], 1);
    stage.list(std::slice::from_ref(&next)).await;
    stage.scanned(&next, &["CVE-1 CRITICAL zlib"]).await;
    let told = stage.findings(FindingFilter::default()).await;
    assert_eq!(told, ["latest CVE-1 zlib worsened 72h"], "and lapses as well, along the lineage");
}

/// A pass whose settings accept by this exception finds these in an image.
async fn scanned_accepting(stage: &Stage, image: &Image, findings: &[&str], exception: Exception) {
    let exceptions = Exceptions::new(vec![exception]);
    let found: Vec<_> = findings.iter().map(|text| parse(text)).collect();
    let (found, app) = (scan("COMPLETE", Some(stage.now()), &found), name("team/app"));
    let gate = Gate::default();
    let judged = evaluate(&app, image, found.clone(), &gate, &exceptions, stage.now());
    let entries = vec![Entry::Found(image.digest, Box::new(found)), Entry::Judged(image.digest, judged)];
    let ledger = stage.ledger().accepting(exceptions);
    ledger.record(&registry(), &app, stage.now(), entries).await.unwrap();
}

async fn builds_under_tags_of_their_own_go_on_with_what_was_accepted_in_the_one_before(stage: Stage) {
    let written = exception("CVE-1");
    let mut images: Vec<Image> = Vec::new();
    let mut told = Vec::new();
    for (n, severity) in [(1, "LOW"), (2, "LOW"), (3, "CRITICAL"), (4, "LOW")] {
        let tag = format!("build-{n}");
        images.push(Image { pushed_at: Some(stage.now()), ..image(n, &[&tag], 9) });
        stage.list(&images).await;
        let (last, finding) = (&images[images.len() - 1], format!("CVE-1 {severity} zlib"));
        scanned_accepting(&stage, last, &[&finding], written.clone()).await;
        let detail = stage.store.image(registry(), name("team/app"), digest(n)).await.unwrap().unwrap();
        told.push((detail.image.counts.unwrap().total(), detail.image.accepted));
        // What is pushed from here on is news, and follows what was pushed before.
        stage.store.end_pass(stage.pass, stage.now(), "complete", None).await.unwrap();
        let untold = stage.store.untold().await.unwrap();
        stage.store.tell(&untold, Telling::default(), stage.now()).await.unwrap();
        stage.clock.hours(1);
    }
    assert_eq!(told, [(0, 1), (0, 1), (1, 0), (1, 0)], "and it has lapsed for good");
    // Somebody else writes it anew.
    scanned_accepting(&stage, &images[3], &["CVE-1 LOW zlib"], Exception::of("CVE-1", "anew")).await;
    let detail = stage.store.image(registry(), name("team/app"), digest(4)).await.unwrap().unwrap();
    assert_eq!(detail.image.accepted, 1);
}

async fn one_that_has_lapsed_does_not_come_back_when_another_is_over(stage: Stage) {
    let app = app(&stage, &["CVE-1 LOW zlib"]).await;
    accept(&stage, "CVE-1").await;
    stage.clock.hours(24);
    stage.scanned(&app, &["CVE-1 HIGH zlib"]).await;
    assert_eq!(standing(&stage).await.1, 0);
    let another = accept(&stage, "CVE-1").await;
    stage.clock.hours(24);
    stage.scanned(&app, &["CVE-1 LOW zlib"]).await;
    assert_eq!(standing(&stage).await.1, 1);
    stage.store.end_exception(another.id, stage.now()).await.unwrap();
    assert_eq!((standing(&stage).await.0, standing(&stage).await.1), (1, 0), "the first one lapsed for good");
}

async fn one_that_says_how_severe_it_accepts_goes_by_that_alone(stage: Stage) {
    let up_to_high = Exception { severity: Some("HIGH".into()), ..exception("CVE-1") };
    let app = image(1, &["latest"], 9);
    stage.list(std::slice::from_ref(&app)).await;
    for (severity, accepted) in [("LOW", 1), ("HIGH", 1), ("DREADFUL", 0)] {
        scanned_accepting(&stage, &app, &[&format!("CVE-1 {severity} zlib")], up_to_high.clone()).await;
        assert_eq!(standing(&stage).await.1, accepted, "{severity}");
        stage.clock.hours(24);
    }
    let kept = Exception { severity: Some("CRITICAL".into()), ..exception("CVE-2") };
    except(&stage, kept).await;
    for (severity, accepted) in [("LOW", 1), ("CRITICAL", 1), ("DREADFUL", 0)] {
        stage.scanned(&app, &[&format!("CVE-2 {severity} tar")]).await;
        assert_eq!(standing(&stage).await.1, accepted, "{severity}");
        stage.clock.hours(24);
    }
}

async fn one_of_the_settings_lapses_along_the_lineage_in_which_it_got_worse(stage: Stage) {
    let scanned = async |image: &Image, findings: &[&str], reason: &str| {
        scanned_accepting(&stage, image, findings, Exception::of("CVE-1", reason)).await;
    };
    let (app, dev) = (image(1, &["latest"], 9), image(2, &["dev"], 8));
    stage.list(&[app.clone(), dev.clone()]).await;
    scanned(&app, &["CVE-1 LOW zlib", "CVE-1 LOW tar"], "r").await;
    scanned(&dev, &["CVE-1 HIGH zlib"], "r").await;
    assert_eq!(standing(&stage).await.1, 2);
    stage.clock.hours(24);
    scanned(&app, &["CVE-1 HIGH zlib", "CVE-1 LOW tar"], "r").await;
    assert_eq!((standing(&stage).await.0, standing(&stage).await.1), (1, 1));
    stage.clock.hours(24);
    scanned(&app, &["CVE-1 LOW zlib", "CVE-1 LOW tar"], "r").await;
    let told = standing(&stage).await;
    assert_eq!((told.0, told.1), (1, 1), "it stays so");
    assert!(told.2.contains(&"dev CVE-1 zlib excepted 48h".to_owned()), "{told:?}");
    scanned(&app, &["CVE-1 LOW zlib", "CVE-1 LOW tar"], "another reason").await;
    assert_eq!((standing(&stage).await.0, standing(&stage).await.1), (0, 2), "it was written anew");
}

/// What is untold of exceptions, with the repositories whose people hear of it.
async fn untold(stage: &Stage) -> Vec<String> {
    let line = |news: &ExceptionNews| {
        let repositories: Vec<&str> =
            news.subjects.iter().map(|subject| subject.repository.as_str()).collect();
        format!("{} {}: {}", news.vulnerability, news.images, repositories.join(" "))
    };
    stage.store.untold().await.unwrap().exceptions.iter().map(line).collect()
}

async fn an_exception_that_is_written_twice_is_one_and_of_processes_that_look_at_it_one_tells_it(
    stage: Stage,
) {
    let written = Exceptions::new(vec![exception("CVE-9"), exception("CVE-9")]);
    let watching = Watching { warn_days: Some(14), idle_since_before: Some(stage.now()) };
    let watch = || stage.store.watch_exceptions(written.clone(), watching, stage.now());
    for looked in futures::future::join_all((0..6).map(|_| watch())).await {
        looked.unwrap();
    }
    assert_eq!(untold(&stage).await, ["CVE-9 0: "]);
    stage.clock.hours(24);
    watch().await.unwrap();
    assert_eq!(untold(&stage).await.len(), 1);
}

async fn an_exception_is_news_for_everybody_in_whose_repository_it_accepts_something(stage: Stage) {
    for (repository, images) in [("team-a/app", 30), ("team-z/app", 1)] {
        let images: Vec<Image> = (1..=images).map(|n| image(n, &[&format!("v{n}")], 9)).collect();
        let mut entries = vec![Entry::Listed(images.clone())];
        for image in &images {
            let scan = scan("COMPLETE", Some(stage.now()), &[parse("CVE-1 LOW zlib")]);
            entries.extend(stage.judged(image, scan));
        }
        stage.record(repository, entries).await;
    }
    let until = Some(stage.now().to_zoned(TimeZone::UTC).date());
    except(&stage, Exception { until, ..exception("CVE-1") }).await;
    let watching = Watching { warn_days: Some(14), idle_since_before: None };
    stage.store.watch_exceptions(Exceptions::default(), watching, stage.now()).await.unwrap();
    let everybody = format!("CVE-1 31: team-a/app team-z/app{}", " team-a/app".repeat(29));
    assert_eq!(untold(&stage).await, [everybody]);
}

async fn who_made_an_exception_is_warned_once_before_it_lapses_and_once_it_accepts_nothing(stage: Stage) {
    let app = app(&stage, &["CVE-1 LOW zlib"]).await;
    let until = stage.now().to_zoned(TimeZone::UTC).date().checked_add(jiff::Span::new().days(20)).ok();
    let kept = except(&stage, Exception { until, ..exception("CVE-1") }).await;
    let written = Exceptions::new(vec![exception("CVE-9")]);
    // What there is to know after a pass over everything; it is told at once.
    let known = async || {
        let before = stage.now() - jiff::SignedDuration::from_hours(24 * 7);
        let watching = Watching { warn_days: Some(14), idle_since_before: Some(before) };
        stage.store.watch_exceptions(written.clone(), watching, stage.now()).await.unwrap();
        let untold = stage.store.untold().await.unwrap();
        stage.store.tell(&untold, Telling::default(), stage.now()).await.unwrap();
        let line = |news: &ExceptionNews| {
            let images: Vec<String> = news.subjects.iter().map(vigil_core::news::Subject::name).collect();
            let (findings, images) = (news.findings, images.join(" "));
            format!("{} {:?} {findings} {images}", news.vulnerability, news.notice)
        };
        untold.exceptions.iter().map(line).collect::<Vec<_>>()
    };
    assert_eq!(known().await, [""; 0], "the one is far away, and the other new");
    stage.clock.hours(24 * 6);
    assert_eq!(known().await, ["CVE-1 Lapses { days: 14 } 1 team/app:latest"]);
    assert_eq!(known().await, [""; 0], "and that is told once");
    stage.clock.hours(24 * 2);
    assert_eq!(known().await, ["CVE-9 Idle { since: None } 0 "]);
    let matched = stage.store.exception_matches().await.unwrap();
    let one = &matched[&kept.id.to_string()];
    assert_eq!((one.findings, one.images, one.last_matched_at), (1, 1, Some(stage.now())));
    let last = stage.now();
    stage.scanned(&app, &[]).await;
    stage.clock.hours(1);
    let idle =
        |since: jiff::Timestamp| format!("CVE-1 {:?} 0 ", ExceptionNotice::Idle { since: Some(since) });
    assert_eq!(known().await, [idle(last)]);
    assert_eq!(known().await, [""; 0]);
    stage.scanned(&app, &["CVE-1 LOW zlib"]).await;
    assert_eq!(known().await, [""; 0]);
    let last = stage.now();
    stage.scanned(&app, &[]).await;
    assert_eq!(known().await, [idle(last)], "it had matched in between");
}
