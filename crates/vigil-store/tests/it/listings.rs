//! What a listing means: images that are gone, back, or under another tag.

use vigil_core::fault::{Fault, FaultKind};
use vigil_core::image::{Image, Kind, Platform};
use vigil_core::port::Ledger;
use vigil_core::record::Entry;
use vigil_core::testing::{digest, image};
use vigil_store::{ImageFilter, ImageOrder, Scope, Slice};

use crate::databases::stories;
use crate::stage::{Stage, name, registry};

stories!(
    what_is_not_listed_is_gone_and_may_come_back,
    a_repository_that_is_gone_takes_its_images_along,
    a_tag_moves_and_leaves_a_trace,
    what_is_looked_up_by_name_is_known_by_its_tags_and_nothing_else_is_gone,
    an_index_that_is_asked_for_by_another_tag_leaves_what_it_is_not_asked_about,
    an_index_that_is_not_opened_leaves_its_children_as_they_were,
    nothing_is_remembered_of_what_was_never_asked,
    what_was_asked_for_by_name_and_is_not_there_is_gone,
    an_index_that_is_gone_takes_its_tags_from_its_children,
    what_nobody_has_listed_lately_is_told,
    a_name_alone_makes_no_repository,
    a_repository_that_is_looked_for_and_not_there_is_gone,
);

async fn images(stage: &Stage, gone: bool) -> Vec<String> {
    let filter = ImageFilter { gone, ..ImageFilter::default() };
    let found = stage.store.images(filter, ImageOrder::Name, Slice::first(100)).await.unwrap();
    let line = |row: &vigil_store::ImageRow| {
        let tags: Vec<&str> = row.image.tags.iter().map(|tag| tag.as_str()).collect();
        format!("{} {}", &row.image.digest.to_string()[70..], tags.join(","))
    };
    found.items.iter().map(line).collect()
}

async fn what_is_not_listed_is_gone_and_may_come_back(stage: Stage) {
    let (first, second) = (image(1, &["v1"], 2), image(2, &["v2", "latest"], 1));
    stage.list(&[first.clone(), second.clone()]).await;
    assert_eq!(images(&stage, false).await, ["1 v1", "2 latest,v2"]);
    stage.list(std::slice::from_ref(&second)).await;
    assert_eq!(images(&stage, false).await, ["2 latest,v2"]);
    assert_eq!(images(&stage, true).await, ["1 "]);
    let before = stage.store.image(registry(), name("team/app"), digest(1)).await.unwrap().unwrap();
    assert_eq!(before.image.gone_at, Some(stage.now()));
    stage.list(&[first, second.clone()]).await;
    assert_eq!(images(&stage, false).await, ["1 v1", "2 latest,v2"]);
    stage.record("team/app", vec![Entry::Empty]).await;
    assert_eq!(images(&stage, false).await, [""; 0]);
    let one = stage.store.image(registry(), name("team/app"), digest(9)).await.unwrap();
    assert_eq!(one, None);
}

async fn a_repository_that_is_gone_takes_its_images_along(stage: Stage) {
    let ledger = stage.ledger();
    let both = ["team/app", "team/web"].map(|repository| name(repository).into());
    ledger.present(&registry(), stage.now(), &both).await.unwrap();
    stage.list(&[image(1, &["v1"], 2)]).await;
    stage.scanned(&image(1, &["v1"], 2), &["CVE-1 HIGH zlib"]).await;
    let all = |gone| stage.store.repositories(Scope::default(), gone, Slice::first(9));
    let found = all(false).await.unwrap().items;
    let names: Vec<&str> = found.iter().map(|row| row.repository.name.as_str()).collect();
    assert_eq!(names, ["team/app", "team/web"]);
    assert_eq!((found[0].images, found[0].scanned, found[0].counts.total()), (1, 1, 1));
    ledger.present(&registry(), stage.now(), &both[1..]).await.unwrap();
    assert_eq!(all(false).await.unwrap().items.len(), 1);
    assert_eq!(all(true).await.unwrap().items.len(), 2);
    assert_eq!(images(&stage, false).await, [""; 0]);
    assert_eq!(stage.findings(vigil_store::FindingFilter::default()).await, [""; 0]);
    let registries = stage.store.registries().await.unwrap();
    assert_eq!((registries[0].repositories, registries[0].images), (1, 0));
}

async fn a_tag_moves_and_leaves_a_trace(stage: Stage) {
    stage.list(&[image(1, &["latest"], 2)]).await;
    stage.clock.hours(5);
    stage.list(&[image(1, &["old"], 2), image(2, &["latest"], 1)]).await;
    let old = stage.store.image(registry(), name("team/app"), digest(1)).await.unwrap().unwrap();
    let spans: Vec<String> = old
        .tags
        .iter()
        .map(|span| format!("{} {}", span.tag, span.until.map_or("now", |_| "over")))
        .collect();
    assert_eq!(spans, ["latest over", "old now"]);
    assert_eq!(old.lineages.iter().map(ToString::to_string).collect::<Vec<_>>(), ["old"]);
    let tagged = ImageFilter { tag: "latest".parse().ok(), ..ImageFilter::default() };
    let found = stage.store.images(tagged, ImageOrder::WorstFirst, Slice::first(9)).await.unwrap();
    assert_eq!(found.items.iter().map(|row| row.image.digest).collect::<Vec<_>>(), [digest(2)]);
    let matching = ImageFilter { tag: "o*".parse().ok(), ..ImageFilter::default() };
    let found = stage.store.images(matching, ImageOrder::WorstFirst, Slice::first(9)).await.unwrap();
    assert_eq!(found.items.iter().map(|row| row.image.digest).collect::<Vec<_>>(), [digest(1)]);
}

async fn see(stage: &Stage, images: &[Image]) {
    stage.record("team/app", vec![Entry::Seen(images.to_vec())]).await;
}

async fn what_is_looked_up_by_name_is_known_by_its_tags_and_nothing_else_is_gone(stage: Stage) {
    let app = image(1, &["v1", "latest"], 9);
    see(&stage, std::slice::from_ref(&app)).await;
    stage.scanned(&app, &["CVE-1 HIGH zlib"]).await;
    let told = ["latest CVE-1 zlib open 0h", "v1 CVE-1 zlib open 0h"];
    let sorted = async || {
        let mut found = stage.findings(vigil_store::FindingFilter::default()).await;
        found.sort();
        found
    };
    assert_eq!(sorted().await, told);
    stage.clock.hours(24);
    let next = image(2, &["latest"], 1);
    see(&stage, std::slice::from_ref(&next)).await;
    assert_eq!(images(&stage, false).await, ["1 v1", "2 latest"], "the tag has moved");
    stage.scanned(&next, &["CVE-1 HIGH zlib", "CVE-2 LOW tar"]).await;
    assert_eq!(stage.changes().await, ["latest CVE-2 new"]);
    see(&stage, &[image(1, &[], 9)]).await;
    assert_eq!(images(&stage, false).await, ["1 ", "2 latest"], "its tags are all that it has");
    let told = ["latest CVE-1 zlib open 24h", "latest CVE-2 tar new 0h"];
    assert_eq!(sorted().await, told);
}

/// An index with a child for ARM.
fn multi(tags: &[&str]) -> [Image; 2] {
    let platform = Platform { os: "linux".into(), architecture: "arm64".into(), variant: None };
    let child = Image { index: Some(digest(1)), platform: Some(platform), ..image(2, tags, 1) };
    [Image { kind: Kind::Index, ..image(1, tags, 1) }, child]
}

async fn lineages(stage: &Stage) -> Vec<String> {
    let child = stage.store.image(registry(), name("team/app"), digest(2)).await.unwrap().unwrap();
    child.lineages.iter().map(ToString::to_string).collect()
}

async fn an_index_that_is_asked_for_by_another_tag_leaves_what_it_is_not_asked_about(stage: Stage) {
    stage.list(&multi(&["v1"])).await;
    let before = lineages(&stage).await;
    assert_eq!(before.len(), 1);
    see(&stage, &[image(2, &[], 1)]).await;
    assert_eq!(lineages(&stage).await, before, "a child by its digest, without its index");
    let other = [image(3, &["v3"], 1)];
    see(&stage, &other).await;
    assert_eq!(lineages(&stage).await, before);
    see(&stage, &multi(&["v2"])).await;
    assert_eq!(lineages(&stage).await.len(), 2, "v1 may be that of an index beside it");
    see(&stage, &[image(3, &["v1"], 1)]).await;
    assert_eq!(lineages(&stage).await.len(), 1, "v1 has moved");
}

async fn an_index_that_is_not_opened_leaves_its_children_as_they_were(stage: Stage) {
    stage.list(&multi(&["v1", "latest"])).await;
    let before = lineages(&stage).await;
    let index = multi(&["v1", "latest"])[0].clone();
    let unopened = |images: &[Image]| vec![Entry::Unopened(digest(1)), Entry::Listed(images.to_vec())];
    stage.record("team/app", unopened(&[index, image(2, &[], 1)])).await;
    assert_eq!(lineages(&stage).await, before);
    let index = multi(&["v2"])[0].clone();
    stage.record("team/app", unopened(&[index, image(2, &[], 1)])).await;
    let child = stage.store.image(registry(), name("team/app"), digest(2)).await.unwrap().unwrap().image;
    assert_eq!(
        (child.image.tags, child.image.platform),
        (multi(&["v2"])[1].tags.clone(), multi(&[])[1].platform.clone())
    );
    stage.record("team/app", unopened(&multi(&[])[..1])).await;
    assert_eq!(images(&stage, true).await, ["2 "], "what is not listed is gone");
}

async fn nothing_is_remembered_of_what_was_never_asked(stage: Stage) {
    let ledger = stage.ledger();
    let remembered = || async { ledger.remembered(&registry(), &name("team/app")).await.unwrap() };
    stage.list(&[image(1, &[], 2), image(2, &[], 1)]).await;
    assert!(remembered().await.is_empty());
    let asked = stage.now();
    stage.record("team/app", vec![Entry::Asked(digest(1), asked), Entry::Started(digest(1), asked)]).await;
    stage.record("team/app", vec![Entry::Refused(digest(2), asked, "no os".into())]).await;
    stage.clock.hours(1);
    stage.found(&image(1, &[], 2), vigil_core::testing::scan("FAILED", None, &[])).await;
    let known = remembered().await;
    assert_eq!(known[&digest(1)].asked_at, Some(asked));
    assert_eq!(known[&digest(1)].failed_at, Some(stage.now()));
    assert_eq!(known[&digest(2)].refused, Some((asked, "no os".to_owned())));
    let failed = stage.now();
    stage.clock.hours(1);
    stage.found(&image(1, &[], 2), vigil_core::testing::scan("FAILED", None, &[])).await;
    assert_eq!(remembered().await[&digest(1)].failed_at, Some(failed), "since its first sight");
    stage.scanned(&image(1, &[], 2), &[]).await;
    assert_eq!(remembered().await[&digest(1)].failed_at, None);
}

fn absent(tags: &[&str], images: &[u64]) -> Entry {
    Entry::Absent(image(0, tags, 0).tags, images.iter().map(|n| digest(*n)).collect())
}

async fn what_was_asked_for_by_name_and_is_not_there_is_gone(stage: Stage) {
    let both = [image(1, &["v1", "latest"], 2), image(2, &["v2"], 1)];
    see(&stage, &both).await;
    for app in &both {
        stage.scanned(app, &["CVE-1 HIGH zlib"]).await;
    }
    stage.record("team/app", vec![absent(&["latest", "v9"], &[9]), Entry::Seen(Vec::new())]).await;
    assert_eq!(images(&stage, false).await, ["1 v1", "2 v2"], "a tag that nobody has any more");
    let mut found = stage.findings(vigil_store::FindingFilter::default()).await;
    found.sort();
    assert_eq!(found, ["v1 CVE-1 zlib open 0h", "v2 CVE-1 zlib open 0h"]);
    stage.record("team/app", vec![absent(&["v1"], &[1]), Entry::Seen(both[1..].to_vec())]).await;
    assert_eq!(images(&stage, false).await, ["2 v2"]);
    assert_eq!(images(&stage, true).await, ["1 "]);
    assert_eq!(stage.findings(vigil_store::FindingFilter::default()).await, ["v2 CVE-1 zlib open 0h"]);
    see(&stage, &both).await;
    assert_eq!(images(&stage, false).await, ["1 latest,v1", "2 v2"], "it is back");
}

async fn an_index_that_is_gone_takes_its_tags_from_its_children(stage: Stage) {
    see(&stage, &multi(&["v1"])).await;
    assert_eq!(lineages(&stage).await.len(), 1);
    stage.record("team/app", vec![absent(&[], &[1]), Entry::Seen(Vec::new())]).await;
    assert_eq!(lineages(&stage).await, [""; 0]);
    assert_eq!(images(&stage, false).await, ["2 "]);
    see(&stage, &multi(&["v1"])).await;
    assert_eq!(lineages(&stage).await.len(), 1);
    let child = image(2, &[], 1);
    stage.record("team/app", vec![absent(&["v1"], &[]), Entry::Seen(vec![child])]).await;
    assert_eq!(lineages(&stage).await, [""; 0], "nothing has the tag");
    assert_eq!(images(&stage, false).await, ["2 "]);
}

async fn what_nobody_has_listed_lately_is_told(stage: Stage) {
    let ledger = stage.ledger();
    let unlisted = |since| {
        let ledger = ledger.clone();
        async move {
            let found = ledger.unlisted(&registry(), &name("team/app"), since).await.unwrap();
            found.into_iter().collect::<Vec<_>>()
        }
    };
    assert_eq!(unlisted(stage.now()).await, []);
    see(&stage, &[image(1, &["v1"], 2), image(2, &[], 1)]).await;
    stage.record("team/app", vec![absent(&[], &[2]), Entry::Seen(Vec::new())]).await;
    assert_eq!(unlisted(stage.now()).await, [digest(1)]);
    let listed = stage.now();
    stage.list(&[image(1, &["v1"], 2)]).await;
    assert_eq!(unlisted(listed).await, []);
    stage.clock.hours(1);
    assert_eq!(unlisted(stage.now()).await, [digest(1)]);
}

async fn repositories(stage: &Stage, gone: bool) -> Vec<String> {
    let found = stage.store.repositories(Scope::default(), gone, Slice::first(9)).await.unwrap().items;
    found.iter().map(|row| row.repository.name.to_string()).collect()
}

async fn a_name_alone_makes_no_repository(stage: Stage) {
    let denied = Fault::new(FaultKind::Denied, "DescribeImages", "AccessDeniedException");
    let missing = || Entry::Missing("team/ap:v1".into());
    for entries in [
        vec![Entry::Gone, missing()],
        vec![missing()],
        vec![Entry::Unread(denied.clone())],
        vec![Entry::NotReached],
    ] {
        stage.record("team/ap", entries).await;
        assert_eq!(repositories(&stage, true).await, [""; 0]);
    }
    stage.record("team/app", vec![Entry::Seen(Vec::new()), Entry::Unread(denied)]).await;
    assert_eq!(repositories(&stage, false).await, ["team/app"], "there, but denied");
    stage.record("team/web", vec![Entry::Empty]).await;
    assert_eq!(repositories(&stage, false).await, ["team/app", "team/web"]);
}

async fn a_repository_that_is_looked_for_and_not_there_is_gone(stage: Stage) {
    let app = image(1, &["v1"], 1);
    see(&stage, std::slice::from_ref(&app)).await;
    stage.scanned(&app, &["CVE-1 HIGH zlib"]).await;
    let gone = stage.now();
    stage.record("team/app", vec![Entry::Gone, Entry::Missing("team/app:v1".into())]).await;
    stage.clock.hours(1);
    stage.record("team/app", vec![Entry::Gone]).await;
    assert_eq!(repositories(&stage, false).await, [""; 0]);
    let row = stage.store.repository(registry(), name("team/app")).await.unwrap().unwrap();
    assert_eq!(row.gone_at, Some(gone), "since it was first missed");
    assert_eq!(images(&stage, false).await, [""; 0]);
    assert_eq!(stage.findings(vigil_store::FindingFilter::default()).await, [""; 0]);
    see(&stage, std::slice::from_ref(&app)).await;
    assert_eq!(images(&stage, false).await, ["1 v1"]);
    assert_eq!(repositories(&stage, false).await, ["team/app"]);
}
