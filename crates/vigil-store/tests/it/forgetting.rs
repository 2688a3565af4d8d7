//! What is forgotten, and what stays.

use vigil_core::testing::{digest, image};
use vigil_store::{ChangeFilter, Forgotten, Retention, Scope, Slice};

use crate::databases::stories;
use crate::stage::{Stage, name, registry};

stories!(
    what_is_gone_is_forgotten_after_its_time,
    a_change_outlives_its_image_and_the_last_time_of_a_schedule_all_passes,
);

async fn a_change_outlives_its_image_and_the_last_time_of_a_schedule_all_passes(stage: Stage) {
    let app = image(1, &["latest"], 9);
    stage.list(std::slice::from_ref(&app)).await;
    stage.scanned(&app, &["CVE-1 HIGH zlib"]).await;
    stage.scanned(&app, &["CVE-1 HIGH zlib", "CVE-2 LOW tar"]).await;
    stage.record("team/app", vec![vigil_core::record::Entry::Empty]).await;
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
