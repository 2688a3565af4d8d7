//! Answers: orders, pages, and sums.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use jiff::tz::TimeZone;
use vigil_core::finding::Severity;
use vigil_core::image::Digest;
use vigil_core::lineage::FindingState;
use vigil_core::testing::{contract_of_scan_configs, digest, image, scan};
use vigil_store::{
    ChangeFilter, FindingFilter, FindingOrder, ImageFilter, ImageFindingFilter, ImageOrder, Page, Scope,
    Slice, Unanswered, VulnerabilityFilter, VulnerabilityOrder,
};

use crate::databases::stories;
use crate::stage::{Stage, name, registry};

stories!(
    pages_hold_each_image_once_while_images_change,
    images_are_found_by_what_is_bad_about_them,
    a_vulnerability_is_found_wherever_it_is,
    findings_are_narrowed_and_ordered,
    changes_are_found_by_what_is_asked_of_them,
    a_finding_was_first_seen_by_the_scan_that_found_it,
    the_trend_counts_days,
    the_trend_counts_all_images_however_many_there_are,
    an_exporter_sees_the_newest_tags,
    scan_configurations_are_kept,
);

async fn many(stage: &Stage) {
    let images: Vec<_> = (1..=7).map(|n| image(n, &[&format!("v{n}")], n as i64)).collect();
    stage.list(&images).await;
    for (n, image) in (1usize..).zip(&images) {
        let found: Vec<String> = (0..n).map(|of| format!("CVE-{of} HIGH zlib")).collect();
        stage.scanned(image, &found.iter().map(String::as_str).collect::<Vec<_>>()).await;
    }
}

async fn pages_hold_each_image_once_while_images_change(stage: Stage) {
    many(&stage).await;
    for order in [ImageOrder::WorstFirst, ImageOrder::Name, ImageOrder::OldestScan] {
        let (mut seen, mut after) = (Vec::<Digest>::new(), None);
        loop {
            let slice = Slice { after, limit: 2 };
            let page = stage.store.images(ImageFilter::default(), order, slice).await.unwrap();
            seen.extend(page.items.iter().map(|row| row.image.digest));
            // One that was seen already goes away, and another is pushed.
            let there = (1..=7).filter(|n| *n != 7 || order == ImageOrder::WorstFirst);
            let mut there: Vec<_> = there.map(|n| image(n, &[&format!("v{n}")], n as i64)).collect();
            there.push(image(100, &[], 0));
            stage.list(&there).await;
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        let distinct: BTreeSet<&Digest> = seen.iter().collect();
        assert_eq!(distinct.len(), seen.len(), "{order:?}");
        assert!((1..=6).all(|n| distinct.contains(&digest(n))), "{order:?}: {seen:?}");
        if order == ImageOrder::WorstFirst {
            assert_eq!(seen[..3], [digest(7), digest(6), digest(5)]);
        }
    }
    let foreign = stage.store.images(ImageFilter::default(), ImageOrder::WorstFirst, Slice::first(1)).await;
    let slice = Slice { after: foreign.unwrap().next, limit: 1 };
    let answer = stage.store.images(ImageFilter::default(), ImageOrder::Name, slice).await;
    assert!(matches!(answer, Err(Unanswered::Cursor)), "a cursor of another order");
}

async fn a_finding_was_first_seen_by_the_scan_that_found_it(stage: Stage) {
    let images = [image(1, &["a"], 1), image(2, &["b"], 1)];
    stage.list(&images).await;
    let found = [crate::stage::parse("CVE-1 HIGH zlib")];
    let completed = |hours| stage.now() - SignedDuration::from_hours(hours);
    for (image, hours) in images.iter().zip([10, 40]) {
        stage.found(image, scan("COMPLETE", Some(completed(hours)), &found)).await;
    }
    let lineages = stage.findings(FindingFilter::default()).await;
    assert_eq!(lineages, ["b CVE-1 zlib open 40h", "a CVE-1 zlib open 10h"]);
    let (filter, order) = (VulnerabilityFilter::default(), VulnerabilityOrder::WorstFirst);
    let all = stage.store.vulnerabilities(filter, order, Slice::first(9)).await.unwrap().items;
    assert_eq!(all[0].first_seen, completed(40), "by whichever scan was the first");
    for (image, hours) in images.iter().zip([10, 40]) {
        let (filter, slice) = (ImageFindingFilter::default(), Slice::first(9));
        let here = stage.store.findings_of_image(registry(), name("team/app"), image.digest, filter, slice);
        assert_eq!(here.await.unwrap().unwrap().items[0].first_seen, completed(hours));
    }
}

async fn images_are_found_by_what_is_bad_about_them(stage: Stage) {
    let images = [image(1, &["a"], 1), image(2, &["b"], 1), image(3, &["c"], 1)];
    stage.list(&images).await;
    stage.scanned(&images[0], &["CVE-1 LOW zlib", "CVE-2 LOW tar"]).await;
    stage.scanned(&images[1], &["CVE-1 CRITICAL zlib"]).await;
    let found = async |filter: ImageFilter| -> Vec<Digest> {
        let page = stage.store.images(filter, ImageOrder::WorstFirst, Slice::first(9)).await.unwrap();
        page.items.iter().map(|row| row.image.digest).collect()
    };
    assert_eq!(found(ImageFilter::default()).await, [digest(2), digest(1), digest(3)]);
    let high = ImageFilter { reaches: Some(Severity::High), ..ImageFilter::default() };
    assert_eq!(found(high).await, [digest(2)]);
    let complete = ImageFilter { scan_state: Some("COMPLETE".into()), ..ImageFilter::default() };
    assert_eq!(found(complete).await, [digest(2), digest(1)]);
    let elsewhere = Scope { registry: None, repository: "other/*".parse().ok() };
    assert_eq!(found(ImageFilter { scope: elsewhere, ..ImageFilter::default() }).await, []);
    let here = Scope { registry: Some(registry()), repository: "team/*".parse().ok() };
    let one = ImageFilter { scope: here, digest: Some(digest(3)), ..ImageFilter::default() };
    assert_eq!(found(one).await, [digest(3)]);
}

async fn a_vulnerability_is_found_wherever_it_is(stage: Stage) {
    many(&stage).await;
    let where_is = async |name: &str, slice| -> Page<vigil_store::SightingRow> {
        stage.store.images_with(name, Scope::default(), slice).await.unwrap()
    };
    let first = where_is("CVE-4", Slice::first(2)).await;
    let rest = where_is("CVE-4", Slice { after: first.next, limit: 2 }).await;
    let found: Vec<String> = first
        .items
        .iter()
        .chain(&rest.items)
        .map(|row| format!("{} {} {}", row.repository, row.tags[0], row.package.as_deref().unwrap()))
        .collect();
    assert_eq!(found, ["team/app v5 zlib", "team/app v6 zlib", "team/app v7 zlib"]);
    assert!(where_is("CVE-99", Slice::first(2)).await.items.is_empty());
    let (row, images) = stage.store.vulnerability("CVE-4").await.unwrap().unwrap();
    assert_eq!((images, row.description.as_deref()), (3, Some("About CVE-4.")));
    assert!(stage.store.vulnerability("CVE-99").await.unwrap().is_none());
    let filter = VulnerabilityFilter {
        prefix: Some("CVE-".into()),
        reaches: Some(Severity::High),
        ..VulnerabilityFilter::default()
    };
    let named = stage.store.vulnerabilities(filter.clone(), VulnerabilityOrder::Name, Slice::first(3));
    let page = named.await.unwrap();
    let names: Vec<&str> = page.items.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(names, ["CVE-0", "CVE-1", "CVE-2"]);
    let slice = Slice { after: page.next, limit: 9 };
    let page = stage.store.vulnerabilities(filter, VulnerabilityOrder::Name, slice).await.unwrap();
    assert_eq!((page.items.len(), page.next), (4, None));
    let worst = stage.store.vulnerabilities(
        VulnerabilityFilter::default(),
        VulnerabilityOrder::WorstFirst,
        Slice::first(9),
    );
    assert_eq!(worst.await.unwrap().items.len(), 7);
}

async fn findings_are_narrowed_and_ordered(stage: Stage) {
    let app = image(1, &["latest"], 9);
    stage.list(std::slice::from_ref(&app)).await;
    stage.scanned(&app, &["CVE-1 LOW zlib"]).await;
    stage.clock.hours(24);
    stage.scanned(&app, &["CVE-1 LOW zlib", "CVE-2 HIGH tar fixable", "CVE-3 DREADFUL bash exploit"]).await;
    let filter = FindingFilter::default;
    assert_eq!(
        stage.findings(filter()).await,
        ["latest CVE-2 tar new 0h", "latest CVE-1 zlib open 24h", "latest CVE-3 bash new 0h",]
    );
    let reached = FindingFilter { reaches: Some(Severity::High), ..filter() };
    assert_eq!(
        stage.findings(reached).await,
        ["latest CVE-2 tar new 0h", "latest CVE-3 bash new 0h"],
        "a word unknown to us may be worse than anything"
    );
    for (narrowed, expected) in [
        (FindingFilter { fixable: Some(true), ..filter() }, "CVE-2"),
        (FindingFilter { exploit_known: Some(true), ..filter() }, "CVE-3"),
        (FindingFilter { vulnerability: Some("CVE-1".into()), ..filter() }, "CVE-1"),
        (FindingFilter { package: Some("bash".into()), ..filter() }, "CVE-3"),
        (FindingFilter { states: vec![FindingState::Open], ..filter() }, "CVE-1"),
    ] {
        let page = stage.store.findings(narrowed.clone(), FindingOrder::OldestFirst, Slice::first(9)).await;
        let found: Vec<String> = page.unwrap().items.into_iter().map(|row| row.vulnerability).collect();
        assert_eq!(found, [expected], "{narrowed:?}");
    }
    let none = FindingFilter { lineage: Some("old".into()), digest: Some(digest(1)), ..filter() };
    assert_eq!(stage.findings(none).await, [""; 0]);
    let (mut oldest, mut after) = (Vec::new(), None);
    loop {
        let slice = Slice { after, limit: 1 };
        let page = stage.store.findings(filter(), FindingOrder::OldestFirst, slice).await.unwrap();
        oldest.extend(page.items.into_iter().map(|row| row.vulnerability));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(oldest, ["CVE-1", "CVE-2", "CVE-3"]);
    let of_image = ImageFindingFilter { reaches: Some(Severity::Low), ..ImageFindingFilter::default() };
    let found =
        stage.store.findings_of_image(registry(), name("team/app"), digest(1), of_image, Slice::first(9));
    let found = found.await.unwrap().unwrap().items;
    let told: Vec<String> = found
        .iter()
        .map(|row| format!("{} {} {:?}", row.finding.id, row.finding.severity, row.state.unwrap()))
        .collect();
    assert_eq!(told, ["CVE-2 HIGH New", "CVE-1 LOW Open", "CVE-3 DREADFUL New"]);
}

async fn changes_are_found_by_what_is_asked_of_them(stage: Stage) {
    let app = image(1, &["latest"], 9);
    stage.list(std::slice::from_ref(&app)).await;
    stage.scanned(&app, &["CVE-1 LOW zlib"]).await;
    stage.clock.hours(24);
    stage.scanned(&app, &["CVE-2 HIGH zlib"]).await;
    let new = ChangeFilter {
        since: Some(stage.now()),
        pass: Some(stage.pass),
        kinds: vec![FindingState::New],
        reaches: Some(Severity::High),
        ..ChangeFilter::default()
    };
    let found = stage.store.changes(new.clone(), Slice::first(9)).await.unwrap().items;
    assert_eq!(found.iter().map(|change| change.vulnerability.as_str()).collect::<Vec<_>>(), ["CVE-2"]);
    let later = ChangeFilter { since: Some(stage.now() + SignedDuration::from_secs(1)), ..new };
    assert!(stage.store.changes(later, Slice::first(9)).await.unwrap().items.is_empty());
}

async fn the_trend_counts_days(stage: Stage) {
    let app = image(1, &["latest", "v1"], 9);
    stage.list(std::slice::from_ref(&app)).await;
    stage.scanned(&app, &["CVE-1 HIGH zlib", "CVE-2 HIGH tar"]).await;
    let since = stage.now().to_zoned(TimeZone::UTC).date();
    stage.store.end_pass(stage.pass, stage.now(), "complete", None).await.unwrap();
    stage.clock.hours(24);
    let pass = stage.store.begin_pass(crate::stage::new_pass("daily", stage.now())).await.unwrap();
    stage.scanned(&app, &["CVE-2 HIGH tar", "CVE-3 LOW bash"]).await;
    stage.store.end_pass(pass, stage.now(), "complete", None).await.unwrap();
    let told = |points: Vec<vigil_store::TrendPoint>| -> Vec<String> {
        let line = |point: &vigil_store::TrendPoint| {
            let (day, severity) = (point.day, &point.severity);
            format!("{day} {severity} {} +{} -{}", point.open, point.new, point.fixed)
        };
        points.iter().map(line).collect()
    };
    let all = stage.store.trend(Scope::default(), since).await.unwrap();
    assert_eq!(told(all), ["2026-11-21 HIGH 2 +0 -0", "2026-11-22 HIGH 1 +0 -1", "2026-11-22 LOW 1 +1 -0"]);
    let elsewhere = Scope { registry: None, repository: "other/*".parse().ok() };
    assert_eq!(told(stage.store.trend(elsewhere, since).await.unwrap()), [""; 0]);
}

async fn the_trend_counts_all_images_however_many_there_are(stage: Stage) {
    let images: Vec<_> = (0..1_100).map(|n| image(n, &[&format!("v{n}")], 1)).collect();
    stage.list(&images).await;
    for app in [&images[0], &images[1_099]] {
        stage.scanned(app, &["CVE-1 HIGH zlib"]).await;
    }
    stage.store.end_pass(stage.pass, stage.now(), "complete", None).await.unwrap();
    let today = stage.now().to_zoned(TimeZone::UTC).date();
    let trend = stage.store.trend(Scope::default(), today).await.unwrap();
    assert_eq!(trend.iter().map(|point| point.open).collect::<Vec<_>>(), [2]);
}

async fn an_exporter_sees_the_newest_tags(stage: Stage) {
    stage.list(&[image(1, &["old"], 9), image(2, &["new", "latest"], 1), image(3, &[], 5)]).await;
    let tags = async |newest| -> Vec<String> {
        let rows = stage.store.exported_images(newest).await.unwrap();
        rows.iter().map(|row| row.tag.to_string()).collect()
    };
    assert_eq!(tags(None).await, ["latest", "new", "old"]);
    assert_eq!(tags(Some(3)).await, ["latest", "new", "old"], "an untagged image takes up no place");
    assert_eq!(tags(Some(1)).await, ["latest"], "of an image with several tags, too");
}

async fn scan_configurations_are_kept(stage: Stage) {
    contract_of_scan_configs(&stage.store).await;
}
