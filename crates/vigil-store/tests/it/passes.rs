//! Passes: begun, broken off, resumed, ended; and what is told of them.

use std::time::Duration;

use futures::poll;
use vigil_core::due::{Due, Rest};
use vigil_core::plan::Hold;
use vigil_core::port::Ledger;
use vigil_core::record::{Decision, Ending, Entry};
use vigil_core::testing::{digest, image};
use vigil_store::{PassFilter, PassId, Slice};

use crate::databases::stories;
use crate::stage::{Stage, name, new_pass, registry};

stories!(
    a_pass_is_unfinished_until_it_ends,
    a_pass_that_is_given_back_leaves_its_time_to_the_next,
    the_starts_of_a_pass_are_counted_through_all_its_processes,
    a_pass_tells_what_it_held_and_counts_what_rested,
    a_schedule_is_known_as_it_is_written_and_as_long_as_it_is_there,
    an_image_is_counted_once_however_often_it_is_decided_on,
    what_rests_as_before_is_not_written_again,
    what_was_broken_off_is_done_again_without_harm,
    who_writes_does_not_wait_for_one_that_nobody_looks_after,
);

async fn a_pass_is_unfinished_until_it_ends(stage: Stage) {
    let unfinished = stage.store.unfinished_passes().await.unwrap();
    assert_eq!(unfinished.iter().map(|pass| pass.id).collect::<Vec<_>>(), [stage.pass]);
    assert_eq!(stage.store.last_tick("daily").await.unwrap(), Some(stage.now()));
    assert_eq!(stage.store.last_tick("hourly").await.unwrap(), None);
    stage.store.resume_pass(stage.pass).await.unwrap();
    assert_eq!(stage.store.unfinished_passes().await.unwrap()[0].resumed, 1);
    stage.clock.hours(1);
    let report = Some("{}".to_owned());
    stage.store.end_pass(stage.pass, stage.now(), "complete", report.clone()).await.unwrap();
    stage.store.end_pass(stage.pass, stage.now(), "failed", None).await.unwrap();
    assert!(stage.store.unfinished_passes().await.unwrap().is_empty());
    let detail = stage.store.pass(stage.pass).await.unwrap().unwrap();
    assert_eq!((detail.pass.outcome.as_deref(), detail.report), (Some("complete"), report));
    let later = stage.store.begin_pass(new_pass("hourly", stage.now())).await.unwrap();
    let page = stage.store.passes(PassFilter::default(), Slice::first(1)).await.unwrap();
    assert_eq!(page.items[0].id, later, "newest first");
    let next = Slice { after: page.next, limit: 1 };
    let page = stage.store.passes(PassFilter::default(), next).await.unwrap();
    assert_eq!((page.items[0].id, page.next), (stage.pass, None));
    let unknown: PassId = "4471c156-29f5-40fe-883b-3cd26738d5a6".parse().unwrap();
    assert_eq!(stage.store.pass(unknown).await.unwrap(), None);
}

async fn a_pass_that_is_given_back_leaves_its_time_to_the_next(stage: Stage) {
    let before = stage.now();
    stage.clock.hours(24);
    let second = stage.store.begin_pass(new_pass("daily", stage.now())).await.unwrap();
    stage.store.give_back_pass(second, stage.now()).await.unwrap();
    assert_eq!(stage.store.last_tick("daily").await.unwrap(), Some(before));
    let unfinished = stage.store.unfinished_passes().await.unwrap();
    assert_eq!(unfinished.iter().map(|pass| pass.id).collect::<Vec<_>>(), [stage.pass]);
    let detail = stage.store.pass(second).await.unwrap().unwrap().pass;
    assert_eq!((detail.outcome.as_deref(), detail.tick), (Some("given_up"), None));
}

async fn the_starts_of_a_pass_are_counted_through_all_its_processes(stage: Stage) {
    let (app, web) = (image(1, &["v1"], 2), image(2, &["v2"], 1));
    stage.list(&[app.clone(), web.clone()]).await;
    stage.record("team/app", vec![Entry::Started(app.digest, stage.now())]).await;
    stage.store.resume_pass(stage.pass).await.unwrap();
    stage.record("team/app", vec![Entry::Started(web.digest, stage.now())]).await;
    let starts = stage.store.starts_of_pass(stage.pass).await.unwrap();
    assert_eq!(starts.into_iter().collect::<Vec<_>>(), [(registry(), 2)]);
    let other = stage.store.begin_pass(new_pass("hourly", stage.now())).await.unwrap();
    assert!(stage.store.starts_of_pass(other).await.unwrap().is_empty());
}

async fn a_schedule_is_known_as_it_is_written_and_as_long_as_it_is_there(stage: Stage) {
    let known = async |schedules: &[(&str, &str)]| {
        let schedules =
            schedules.iter().map(|(name, cron)| ((*name).to_owned(), (*cron).to_owned())).collect();
        let since = stage.store.schedules_known_since(schedules, stage.now()).await.unwrap();
        let line = |(name, since): (String, jiff::Timestamp)| {
            format!("{name} {}h", stage.now().duration_since(since).as_hours())
        };
        let told = since.into_iter().map(line).collect::<Vec<_>>().join(", ");
        stage.clock.hours(1);
        told
    };
    assert_eq!(known(&[("daily", "@daily"), ("hourly", "@hourly")]).await, "daily 0h, hourly 0h");
    assert_eq!(known(&[("daily", "@daily"), ("hourly", "rate(1 hour)")]).await, "daily 1h, hourly 0h");
    assert_eq!(known(&[("hourly", "rate(1 hour)")]).await, "hourly 1h", "the daily one is no more");
    assert_eq!(known(&[("daily", "@daily"), ("hourly", "rate(1 hour)")]).await, "daily 0h, hourly 2h");
}

async fn a_pass_tells_what_it_held_and_counts_what_rested(stage: Stage) {
    let (held, fresh) = (image(1, &["v1"], 2), image(2, &["v2"], 1));
    let decided =
        |image: &vigil_core::image::Image, decision| Entry::Decided(Box::new(image.clone()), decision);
    let rest = Rest::Fresh { ago: jiff::SignedDuration::ZERO, expiry: "7d".into(), next: stage.now() };
    let entries = vec![
        Entry::Listed(vec![held.clone(), fresh.clone()]),
        decided(&held, Decision::Hold(Due::NeverScanned, Hold::PassCap { cap: 3 })),
        decided(&fresh, Decision::Rest(rest)),
        Entry::Ended(fresh.digest, Ending::Read),
    ];
    stage.record("team/app", entries).await;
    let told =
        |decision: &str| stage.store.images_of_pass(stage.pass, Some(decision.to_owned()), Slice::first(9));
    let images = told("hold").await.unwrap().items;
    assert_eq!(images.len(), 1);
    assert_eq!((images[0].digest, images[0].standing.reason.as_deref()), (digest(1), Some("pass_cap")));
    assert!(told("rest").await.unwrap().items.is_empty());
    let decided = stage.store.pass(stage.pass).await.unwrap().unwrap().decided;
    let counts: Vec<String> = decided.iter().map(|((what, why), n)| format!("{what} {why} {n}")).collect();
    assert_eq!(counts, ["hold pass_cap 1", "rest fresh 1"]);
    let image = stage.store.image(registry(), name("team/app"), digest(2)).await.unwrap().unwrap().image;
    assert_eq!(
        (image.standing.decision.as_deref(), image.standing.ending.as_deref()),
        (Some("rest"), Some("read"))
    );
    stage.record("team/app", vec![Entry::OnlyRead]).await;
    assert_eq!(told("observe").await.unwrap().items[0].standing.ending.as_deref(), Some("never_scanned"));
}

async fn an_image_is_counted_once_however_often_it_is_decided_on(stage: Stage) {
    let app = image(1, &["v1"], 2);
    let decided = |decision| vec![Entry::Decided(Box::new(app.clone()), decision)];
    let rest = Rest::Fresh { ago: jiff::SignedDuration::ZERO, expiry: "7d".into(), next: stage.now() };
    stage.list(std::slice::from_ref(&app)).await;
    let hold = Decision::Hold(Due::NeverScanned, Hold::PassCap { cap: 3 });
    for decision in [Decision::Scan(Due::NeverScanned), hold.clone(), hold, Decision::Rest(rest)] {
        stage.record("team/app", decided(decision)).await;
    }
    let told = stage.store.pass(stage.pass).await.unwrap().unwrap().decided;
    let told: Vec<String> = told.iter().map(|((what, why), n)| format!("{what} {why} {n}")).collect();
    assert_eq!(told, ["hold pass_cap 1"]);
}

/// A caller that stops waiting in the middle leaves all or nothing behind, and may well do it again.
async fn what_was_broken_off_is_done_again_without_harm(stage: Stage) {
    let app = image(1, &["latest"], 9);
    stage.list(std::slice::from_ref(&app)).await;
    stage.scanned(&app, &["CVE-1 HIGH zlib"]).await;
    stage.clock.hours(24);
    let findings = ["CVE-1 HIGH zlib", "CVE-2 LOW tar"].map(crate::stage::parse);
    let scan = vigil_core::testing::scan("COMPLETE", Some(stage.now()), &findings);
    let entries = stage.judged(&app, scan);
    let (ledger, registry, name) = (stage.ledger(), registry(), name("team/app"));
    for steps in 1..12 {
        let mut recording = ledger.record(&registry, &name, stage.now(), entries.clone());
        for _ in 0..steps {
            if futures::poll!(&mut recording).is_ready() {
                break;
            }
            tokio::task::yield_now().await;
        }
    }
    ledger.record(&registry, &name, stage.now(), entries).await.unwrap();
    assert_eq!(stage.changes().await, ["latest CVE-2 new"], "told once");
    let scans =
        stage.store.scans_of_image(registry, name, app.digest, Slice::first(9)).await.unwrap().unwrap();
    let told: Vec<(u64, u64)> = scans.items.iter().map(|scan| (scan.findings, scan.appeared)).collect();
    assert_eq!(told, [(2, 1), (1, 1)]);
}

async fn what_rests_as_before_is_not_written_again(stage: Stage) {
    let app = image(1, &["latest"], 9);
    let rested = || {
        let rest =
            Rest::Fresh { ago: jiff::SignedDuration::ZERO, expiry: "7d".into(), next: jiff::Timestamp::MAX };
        vec![Entry::Listed(vec![app.clone()]), Entry::Decided(Box::new(app.clone()), Decision::Rest(rest))]
    };
    stage.record("team/app", rested()).await;
    stage.record("team/app", vec![Entry::Ended(app.digest, Ending::Read)]).await;
    let first = stage.store.image(registry(), name("team/app"), app.digest).await.unwrap();
    stage.record("team/app", rested()).await;
    let second = stage.store.image(registry(), name("team/app"), app.digest).await.unwrap();
    assert_eq!(first, second);
    assert_eq!(second.unwrap().image.standing.ending.as_deref(), Some("read"));
}

/// A pass has several calls in flight. While it writes down what one of them came to it does not look after the others.
async fn who_writes_does_not_wait_for_one_that_nobody_looks_after(stage: Stage) {
    let (app, ledger) = (image(1, &["v1"], 1), stage.ledger());
    stage.list(std::slice::from_ref(&app)).await;
    let asked = || vec![Entry::Asked(app.digest, stage.now())];
    let (registry, repository) = (registry(), name("team/app"));
    for looks in 0..12 {
        let mut abandoned = Box::pin(ledger.record(&registry, &repository, stage.now(), asked()));
        for _ in 0..looks {
            if poll!(&mut abandoned).is_ready() {
                break;
            }
            // The server answers within this time, mostly, so that the transaction is somewhere in its middle.
            let answer = stage.store.ready();
            answer.await.unwrap();
        }
        let another = ledger.record(&registry, &repository, stage.now(), asked());
        let patience = Duration::from_secs(20);
        tokio::time::timeout(patience, another).await.unwrap().unwrap();
    }
}
