//! Findings along lineages: their age and state over several digests.

use vigil_core::lineage::FindingState;
use vigil_core::record::Entry;
use vigil_core::testing::{digest, image};
use vigil_store::{FindingFilter, FindingOrder, Slice};

use crate::databases::stories;
use crate::stage::Stage;

stories!(
    a_tag_goes_on_over_several_digests,
    what_is_read_again_changes_nothing,
    a_pattern_joins_its_tags,
    a_lineage_that_ended_is_not_told_of,
    findings_are_shown_in_the_image_that_has_them,
    severities_that_nobody_knew_may_come_all_at_once,
    a_vulnerability_is_found_along_lineages_wherever_they_stand,
);

async fn a_tag_goes_on_over_several_digests(stage: Stage) {
    let (first, second) = (image(1, &["latest"], 9), image(2, &["latest"], 1));
    stage.list(std::slice::from_ref(&first)).await;
    stage.scanned(&first, &["CVE-1 HIGH zlib", "CVE-2 LOW tar"]).await;
    assert_eq!(
        stage.findings(FindingFilter::default()).await,
        ["latest CVE-1 zlib open 0h", "latest CVE-2 tar open 0h"],
        "nothing is new in a lineage's first scan"
    );
    stage.clock.hours(24);
    let older = image(1, &[], 9);
    stage.list(&[older.clone(), second.clone()]).await;
    stage.clock.hours(1);
    stage.scanned(&second, &["CVE-1 HIGH zlib fixable", "CVE-3 CRITICAL bash"]).await;
    assert_eq!(
        stage.findings(FindingFilter::default()).await,
        ["latest CVE-3 bash new 0h", "latest CVE-1 zlib worsened 25h"],
        "the age survives the new digest"
    );
    let fixed = FindingFilter { states: vec![FindingState::Fixed], ..FindingFilter::default() };
    assert_eq!(stage.findings(fixed.clone()).await, ["latest CVE-2 tar fixed 25h"]);
    assert_eq!(stage.changes().await, ["latest CVE-1 worsened", "latest CVE-2 fixed", "latest CVE-3 new"]);
    stage.clock.hours(24);
    stage.scanned(&second, &["CVE-1 HIGH zlib fixable", "CVE-3 CRITICAL bash"]).await;
    assert_eq!(
        stage.findings(FindingFilter::default()).await,
        ["latest CVE-3 bash open 24h", "latest CVE-1 zlib open 49h"],
        "what was new is open from the next scan on"
    );
    // The tag goes back to an image whose findings are known: nobody has to scan it again.
    stage.list(&[first, image(2, &[], 1)]).await;
    assert_eq!(stage.findings(fixed).await, ["latest CVE-3 bash fixed 24h"]);
    assert_eq!(
        stage.findings(FindingFilter::default()).await,
        ["latest CVE-1 zlib open 49h", "latest CVE-2 tar new 49h"]
    );
}

async fn what_is_read_again_changes_nothing(stage: Stage) {
    let app = image(1, &["latest"], 9);
    stage.list(std::slice::from_ref(&app)).await;
    stage.scanned(&app, &["CVE-1 HIGH zlib"]).await;
    stage.clock.hours(24);
    stage.scanned(&app, &["CVE-1 HIGH zlib", "CVE-2 LOW tar"]).await;
    let found = stage.findings(FindingFilter::default()).await;
    let scan = vigil_core::testing::scan(
        "COMPLETE",
        Some(stage.now()),
        &["CVE-1 HIGH zlib", "CVE-2 LOW tar"].map(crate::stage::parse),
    );
    let before = stage.store.revision().await.unwrap();
    stage.found(&app, scan).await;
    if stage.database.room.is_some() {
        assert_eq!(stage.store.revision().await.unwrap(), before, "nothing was written");
    }
    assert_eq!(stage.findings(FindingFilter::default()).await, found);
    assert_eq!(stage.changes().await, ["latest CVE-2 new"]);
}

async fn a_pattern_joins_its_tags(mut stage: Stage) {
    stage.patterns = vec!["v*".parse().unwrap()];
    let (v1, v2) = (image(1, &["v1"], 9), image(2, &["v2", "edge"], 1));
    stage.list(std::slice::from_ref(&v1)).await;
    stage.scanned(&v1, &["CVE-1 HIGH zlib"]).await;
    stage.clock.hours(24);
    stage.list(&[v1, v2.clone()]).await;
    stage.scanned(&v2, &["CVE-1 HIGH zlib", "CVE-2 HIGH tar"]).await;
    assert_eq!(
        stage.findings(FindingFilter::default()).await,
        [
            "v* CVE-1 zlib open 24h",
            "v* CVE-2 tar new 0h",
            "edge CVE-1 zlib open 0h",
            "edge CVE-2 tar open 0h"
        ]
    );
}

async fn findings_are_shown_in_the_image_that_has_them(stage: Stage) {
    let (scanned, head) = (image(1, &["latest"], 9), image(2, &["latest"], 1));
    stage.list(std::slice::from_ref(&scanned)).await;
    stage.scanned(&scanned, &["CVE-1 HIGH zlib"]).await;
    stage.list(&[image(1, &[], 9), head.clone()]).await;
    let here = async |n| {
        let filter = FindingFilter { digest: Some(digest(n)), ..FindingFilter::default() };
        let found = stage.store.findings(filter, FindingOrder::WorstFirst, Slice::first(9)).await.unwrap();
        found.items.iter().map(|finding| finding.digest).collect::<Vec<_>>()
    };
    assert_eq!(here(1).await, [digest(1)], "the tag has moved, and nobody has scanned what is there now");
    assert_eq!(here(2).await, []);
    stage.scanned(&head, &["CVE-1 HIGH zlib"]).await;
    assert_eq!((here(1).await, here(2).await), (vec![], vec![digest(2)]));
}

async fn severities_that_nobody_knew_may_come_all_at_once(stage: Stage) {
    let stage = &stage;
    let each = (0..8).map(|n| async move {
        let found = crate::stage::parse(&format!("CVE-{n} DREADFUL-{} zlib", n / 2));
        let scan = vigil_core::testing::scan("COMPLETE", Some(stage.now()), &[found]);
        let mut entries = vec![Entry::Listed(vec![image(1, &["latest"], 9)])];
        entries.extend(stage.judged(&image(1, &["latest"], 9), scan));
        stage.record(&format!("team/app-{n}"), entries).await;
    });
    futures::future::join_all(each).await;
    assert_eq!(stage.findings(FindingFilter::default()).await.len(), 8);
}

async fn a_lineage_that_ended_is_not_told_of(stage: Stage) {
    let app = image(1, &["latest", "old"], 9);
    stage.list(std::slice::from_ref(&app)).await;
    stage.scanned(&app, &["CVE-1 HIGH zlib"]).await;
    stage.list(&[image(1, &["latest"], 9)]).await;
    assert_eq!(stage.findings(FindingFilter::default()).await, ["latest CVE-1 zlib open 0h"]);
}

async fn a_vulnerability_is_found_along_lineages_wherever_they_stand(stage: Stage) {
    let (app, unscanned) = (image(1, &["latest"], 9), image(2, &["latest"], 1));
    let of = |name: &str, states: &[FindingState]| FindingFilter {
        vulnerability: Some(name.to_owned()),
        states: states.to_vec(),
        ..FindingFilter::default()
    };
    stage.list(std::slice::from_ref(&app)).await;
    stage.scanned(&app, &["CVE-1 HIGH zlib", "CVE-2 LOW tar"]).await;
    stage.scanned(&app, &["CVE-1 HIGH zlib"]).await;
    assert_eq!(stage.findings(of("CVE-1", &[])).await, ["latest CVE-1 zlib open 0h"]);
    assert_eq!(stage.findings(of("CVE-2", &[])).await, [""; 0]);
    let either = [FindingState::Open, FindingState::Fixed];
    assert_eq!(stage.findings(of("CVE-2", &either)).await, ["latest CVE-2 tar fixed 0h"]);
    assert_eq!(stage.findings(of("CVE-2", &either[1..])).await, ["latest CVE-2 tar fixed 0h"]);
    stage.list(&[image(1, &[], 9), unscanned]).await;
    assert_eq!(
        stage.findings(of("CVE-1", &either)).await,
        ["latest CVE-1 zlib open 0h"],
        "known along the lineage, though the image that it stands at was not scanned"
    );
}
