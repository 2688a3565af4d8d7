//! What is forgotten, and what stays.

use jiff::SignedDuration;
use vigil_core::policy::Exceptions;
use vigil_core::port::Ledger;
use vigil_core::record::Entry;
use vigil_core::testing::{digest, image};
use vigil_store::{ChangeFilter, Forgotten, NewException, Retention, Scope, Slice, Watching};

use crate::databases::{Database, stories};
use crate::exceptions::exception;
use crate::stage::{Stage, name, registry};

stories!(
    what_is_gone_is_forgotten_after_its_time,
    what_was_known_of_exceptions_is_forgotten_once_they_are_gone,
    a_change_outlives_its_image_and_the_last_time_of_a_schedule_all_passes,
    a_memory_of_images_that_come_and_go_does_not_grow,
);

/// All tables of what comes and goes with images.
const OF_IMAGES: [&str; 12] = [
    "repositories",
    "images",
    "tags",
    "scans",
    "image_findings",
    "contents",
    "vulnerabilities",
    "packages",
    "acceptances",
    "lineages",
    "lineage_findings",
    "changes",
];

async fn a_memory_of_images_that_come_and_go_does_not_grow(stage: Stage) {
    let month = Some(SignedDuration::from_hours(24 * 30));
    let retention = Retention { passes: month, changes: month, scans: month, fixed: month, gone: month };
    let (mut rows, mut pages) = (Vec::new(), Vec::new());
    for round in 0..8 {
        let tags: Vec<String> = (0..5).map(|n| format!("v{round}.{n}")).collect();
        let images: Vec<_> =
            (0..5).map(|n| image(100 * round + n, &[&tags[n as usize], "latest"], 1)).collect();
        stage.list(&images).await;
        for (n, app) in images.iter().enumerate() {
            let findings = (0..40).map(|m| format!("CVE-{round}-{n}-{m} HIGH package-{round}-{m}"));
            let findings: Vec<String> = findings.collect();
            stage.scanned(app, &findings[1..].iter().map(String::as_str).collect::<Vec<_>>()).await;
            // Another scan, which finds something new, and something not any more.
            stage.clock.hours(24);
            stage.scanned(app, &findings[..39].iter().map(String::as_str).collect::<Vec<_>>()).await;
        }
        let (exception, author) = (exception(&format!("CVE-{round}-1-1")), "ann".to_owned());
        stage.store.create_exception(NewException { exception, author, at: stage.now() }).await.unwrap();
        stage.clock.hours(24 * 29);
        stage.store.forget(retention, stage.now()).await.unwrap();
        rows.push(stage.database.rows(&OF_IMAGES).await);
        pages.push(stage.database.pages().await);
    }
    assert_eq!(rows[3], rows[7], "as many as half the time before");
    assert!(rows[7].iter().all(|rows| *rows > 0), "{:?}", rows[7]);
    assert!(pages[7] <= pages[3] + pages[3] / 10, "the file has room of its own: {pages:?}");
    stage.ledger().present(&registry(), stage.now(), &[]).await.unwrap();
    for _ in 0..2 {
        stage.clock.hours(24 * 31);
        stage.store.forget(retention, stage.now()).await.unwrap();
    }
    assert_eq!(stage.database.rows(&OF_IMAGES).await, [0; 12]);
}

/// Somebody who has found what nothing refers to, as a pass does that is about to.
#[tokio::test]
async fn what_a_pass_is_about_to_refer_to_is_not_forgotten() {
    let stage = Stage::new(Database::postgres().await).await;
    let app = image(1, &["latest"], 1);
    stage.list(std::slice::from_ref(&app)).await;
    stage.scanned(&app, &["CVE-1 HIGH zlib"]).await;
    stage.scanned(&app, &[]).await;
    let pass = stage.database.client().await;
    // The lock that passes share.
    pass.batch_execute("BEGIN; SELECT pg_advisory_xact_lock_shared(-2)").await.unwrap();
    let found = pass.query_one("SELECT id, vulnerability FROM contents", &[]).await.unwrap();
    let (content, vulnerability): (i64, i64) = (found.get(0), found.get(1));
    let (store, now) = (stage.store.clone(), stage.now());
    let forgetting = tokio::spawn(async move { store.forget(Retention::default(), now).await });
    let waits = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted";
    while !forgetting.is_finished() && pass.query_one(waits, &[]).await.unwrap().get::<_, i64>(0) == 0 {}
    let refers =
        "INSERT INTO image_findings (image, content, vulnerability, first_seen) VALUES (1, $1, $2, 0)";
    pass.execute(refers, &[&content, &vulnerability]).await.unwrap();
    pass.batch_execute("COMMIT").await.unwrap();
    forgetting.await.unwrap().unwrap();
    assert_eq!(stage.database.rows(&["contents", "vulnerabilities", "packages"]).await, [1, 1, 1]);
}

async fn a_change_outlives_its_image_and_the_last_time_of_a_schedule_all_passes(stage: Stage) {
    let app = image(1, &["latest"], 9);
    stage.list(std::slice::from_ref(&app)).await;
    stage.scanned(&app, &["CVE-1 HIGH zlib"]).await;
    stage.scanned(&app, &["CVE-1 HIGH zlib", "CVE-2 LOW tar"]).await;
    stage.record("team/app", vec![Entry::Empty]).await;
    let began = stage.now();
    stage.store.end_pass(stage.pass, began, "complete", None).await.unwrap();
    let by_hand = vigil_store::NewPass { tick: None, ..crate::stage::new_pass("daily", began) };
    let by_hand = stage.store.begin_pass(by_hand).await.unwrap();
    stage.store.end_pass(by_hand, began, "complete", None).await.unwrap();
    stage.clock.hours(24 * 40);
    let month = stage.store.forget(Retention::default(), stage.now()).await.unwrap();
    assert_eq!((month.images, month.lineages), (1, 0));
    let changes = stage.store.changes(ChangeFilter::default(), Slice::first(9)).await.unwrap().items;
    assert_eq!(changes.iter().map(|change| change.digest).collect::<Vec<_>>(), [app.digest]);
    stage.clock.hours(24 * 200);
    let years = stage.store.forget(Retention::default(), stage.now()).await.unwrap();
    assert_eq!((years.passes, years.lineages), (1, 1), "what was asked for by hand");
    assert_eq!(stage.store.last_tick("daily").await.unwrap(), Some(began));
}

async fn what_is_gone_is_forgotten_after_its_time(stage: Stage) {
    let (first, second) = (image(1, &["latest", "old"], 9), image(2, &["latest"], 1));
    stage.list(std::slice::from_ref(&first)).await;
    stage.scanned(&first, &["CVE-1 HIGH zlib", "CVE-2 LOW tar"]).await;
    stage.clock.hours(24);
    stage.list(std::slice::from_ref(&second)).await;
    stage.scanned(&second, &["CVE-1 HIGH zlib"]).await;
    stage.store.end_pass(stage.pass, stage.now(), "complete", None).await.unwrap();
    let kept = stage.store.forget(Retention::default(), stage.now()).await.unwrap();
    assert_eq!(kept, Forgotten::default(), "nothing is old yet");
    stage.clock.hours(24 * 40);
    let month = stage.store.forget(Retention::default(), stage.now()).await.unwrap();
    assert_eq!((month.images, month.lineages, month.passes), (1, 1, 0));
    let gone = stage.store.image(registry(), name("team/app"), digest(1)).await.unwrap();
    assert_eq!(gone, None);
    let first = stage.store.vulnerability("CVE-2").await.unwrap().unwrap();
    assert_eq!(first.1, 0, "the vulnerability is known still");
    stage.clock.hours(24 * 400);
    let later = stage.store.begin_pass(crate::stage::new_pass("daily", stage.now())).await.unwrap();
    let years = stage.store.forget(Retention::default(), stage.now()).await.unwrap();
    assert_eq!((years.passes, years.fixed, years.scans), (1, 1, 1));
    assert!(years.changes >= 1);
    assert!(stage.store.changes(ChangeFilter::default(), Slice::first(9)).await.unwrap().items.is_empty());
    assert!(stage.store.pass(stage.pass).await.unwrap().is_none());
    assert!(stage.store.pass(later).await.unwrap().is_some());
    let there = stage.store.images_with("CVE-1", Scope::default(), Slice::first(9)).await.unwrap().items;
    assert_eq!(there.iter().map(|row| row.digest).collect::<Vec<_>>(), [digest(2)], "what is there stays");
    let for_ever = Retention { passes: None, changes: None, scans: None, fixed: None, gone: None };
    assert_eq!(stage.store.forget(for_ever, stage.now()).await.unwrap(), Forgotten::default());
}

async fn what_was_known_of_exceptions_is_forgotten_once_they_are_gone(stage: Stage) {
    let app = image(1, &["latest"], 9);
    stage.list(std::slice::from_ref(&app)).await;
    stage.scanned(&app, &["CVE-1 HIGH zlib"]).await;
    let new = NewException { exception: exception("CVE-1"), author: "ann".to_owned(), at: stage.now() };
    let made = stage.store.create_exception(new).await.unwrap().stored;
    let watch = async |written: &str| {
        let written = Exceptions::new(vec![exception(written)]);
        let watching = Watching { warn_days: None, idle_since_before: Some(stage.now()) };
        stage.store.watch_exceptions(written, watching, stage.now()).await.unwrap();
    };
    let kept = ["watched_exceptions", "exception_notices", "lineage_acceptances"];
    watch("CVE-8").await;
    assert_eq!(stage.database.rows(&kept).await, [2, 1, 1]);
    stage.store.end_exception(made.id, stage.now()).await.unwrap();
    stage.list(&[]).await;
    stage.record("team/app", vec![Entry::Empty]).await;
    stage.clock.hours(24 * 200);
    watch("CVE-9").await;
    stage.store.forget(Retention::default(), stage.now()).await.unwrap();
    assert_eq!(
        stage.database.rows(&kept).await,
        [1, 1, 0],
        "what is known of the one that is in force stays"
    );
}
