//! Catalogues of threats: kept, taken over to what was found, told once, and asked for.

use std::task::Poll;

use vigil_core::port::Mark;
use vigil_core::testing::image;
use vigil_core::threat::{Catalogue, CatalogueKind, EpssScores, KnownExploited, Threats};
use vigil_core::{Image, Probability};
use vigil_store::{
    FindingFilter, FindingOrder, KeptCatalogue, Slice, VulnerabilityFilter, VulnerabilityOrder,
};

use crate::databases::stories;
use crate::stage::Stage;

stories!(
    a_catalogue_is_kept_as_it_was_read,
    what_is_listed_after_the_first_catalogue_is_news_once,
    what_the_first_catalogue_says_is_no_news_of_an_image_that_was_pushed_and_not_scanned_yet,
    a_catalogue_that_was_kept_while_another_was_taken_over_is_a_first_one_still,
    what_is_taken_over_can_be_broken_off_anywhere,
    what_is_accepted_stays_accepted,
    a_new_finding_of_something_listed_is_new_and_no_worse,
    what_is_listed_reaches_every_image_however_many_there_are,
    what_is_known_can_be_asked_for_and_sorted_by,
);

fn kev(ids: &[&str]) -> Catalogue {
    let since = "2021-12-10".parse().unwrap();
    let listed = KnownExploited { since, due: None, ransomware: true };
    Catalogue::Kev(ids.iter().map(|id| (id.parse().unwrap(), listed)).collect())
}

fn epss(scores: &[(&str, &str)]) -> Catalogue {
    let score = |(id, score): &(&str, &str)| {
        let percentile = "0.5".parse().unwrap();
        (id.parse().unwrap(), vigil_core::threat::Epss { score: score.parse().unwrap(), percentile })
    };
    Catalogue::Epss(scores.iter().map(score).collect::<EpssScores>())
}

impl Stage {
    /// This catalogue was read, and what it says is taken over.
    async fn reads(&self, threats: &mut Threats, catalogue: Catalogue) {
        let (source, read_at) = ("kev.json".to_owned(), self.now());
        let kept = KeptCatalogue { source, mark: None, read_at, catalogue: catalogue.clone() };
        self.store.keep_catalogue(kept).await.unwrap();
        *threats = threats.with(catalogue);
        self.store.learn_threats(threats, self.now()).await.unwrap();
    }

    async fn app(&self) -> Image {
        let app = image(1, &["latest"], 9);
        self.list(std::slice::from_ref(&app)).await;
        self.scanned(&app, &["CVE-2021-0001 LOW zlib", "CVE-2021-0002 HIGH tar"]).await;
        app
    }
}

fn listed() -> FindingFilter {
    FindingFilter { known_exploited: Some(true), ..FindingFilter::default() }
}

async fn a_catalogue_is_kept_as_it_was_read(stage: Stage) {
    let read_at = stage.now();
    for catalogue in [kev(&["CVE-2021-0001"]), epss(&[("CVE-2021-0001", "0.5"), ("CVE-1999-0001", "1")])] {
        let kind = catalogue.kind();
        assert_eq!(stage.store.catalogue(kind).await.unwrap(), None);
        let mark = Some(Mark("\"etag\"".to_owned()));
        let kept = KeptCatalogue { source: "https://mirror/kev".to_owned(), mark, read_at, catalogue };
        stage.store.keep_catalogue(kept.clone()).await.unwrap();
        assert_eq!(stage.store.catalogue(kind).await.unwrap(), Some(kept.clone()));
        stage.clock.hours(24);
        stage.store.catalogue_is_same(kind, stage.now()).await.unwrap();
        let kept = KeptCatalogue { read_at: stage.now(), ..kept };
        assert_eq!(stage.store.catalogue(kind).await.unwrap(), Some(kept));
    }
    stage.store.forget_catalogue(CatalogueKind::Kev).await.unwrap();
    assert_eq!(stage.store.catalogue(CatalogueKind::Kev).await.unwrap(), None);
    assert!(stage.store.catalogue(CatalogueKind::Epss).await.unwrap().is_some());
}

async fn what_is_listed_after_the_first_catalogue_is_news_once(stage: Stage) {
    let app = stage.app().await;
    let mut threats = Threats::default();
    stage.reads(&mut threats, kev(&["CVE-2021-0001"])).await;
    assert_eq!(stage.changes().await, [""; 0], "what the first one says is no news");
    assert_eq!(stage.findings(listed()).await, ["latest CVE-2021-0001 zlib open 0h"]);
    stage.clock.hours(24);
    stage.reads(&mut threats, kev(&["CVE-2021-0001", "CVE-2021-0002"])).await;
    assert_eq!(stage.changes().await, ["latest CVE-2021-0002 worsened"]);
    stage.reads(&mut threats, epss(&[("CVE-2021-0001", "0.9")])).await;
    stage.reads(&mut threats, kev(&["CVE-2021-0001", "CVE-2021-0002"])).await;
    stage.scanned(&app, &["CVE-2021-0001 LOW zlib", "CVE-2021-0002 HIGH tar"]).await;
    assert_eq!(stage.changes().await.len(), 1, "and not again");
    stage.reads(&mut threats, kev(&["CVE-2021-0002"])).await;
    assert_eq!(stage.changes().await.len(), 1, "that something is taken from the list is no news");
    assert_eq!(stage.findings(listed()).await.len(), 1);
}

async fn what_the_first_catalogue_says_is_no_news_of_an_image_that_was_pushed_and_not_scanned_yet(
    stage: Stage,
) {
    let app = stage.app().await;
    let pushed = image(2, &["latest"], 1);
    stage.list(&[Image { tags: Vec::new(), ..app }, pushed.clone()]).await;
    let mut threats = Threats::default();
    stage.reads(&mut threats, kev(&["CVE-2021-0001"])).await;
    stage.clock.hours(24);
    stage.scanned(&pushed, &["CVE-2021-0001 LOW zlib", "CVE-2021-0002 HIGH tar"]).await;
    assert_eq!(stage.changes().await, [""; 0]);
    assert_eq!(stage.findings(listed()).await, ["latest CVE-2021-0001 zlib open 24h"]);
    // What is listed later is news of the next image like this one.
    let next = image(3, &["latest"], 0);
    stage.list(&[Image { tags: Vec::new(), ..pushed }, next.clone()]).await;
    stage.reads(&mut threats, kev(&["CVE-2021-0001", "CVE-2021-0002"])).await;
    stage.scanned(&next, &["CVE-2021-0001 LOW zlib", "CVE-2021-0002 HIGH tar"]).await;
    assert_eq!(stage.changes().await, ["latest CVE-2021-0002 worsened"]);
}

async fn a_catalogue_that_was_kept_while_another_was_taken_over_is_a_first_one_still(stage: Stage) {
    stage.app().await;
    let scores = Threats::default().with(epss(&[("CVE-2021-0001", "0.9")]));
    let (source, read_at) = ("kev.json".to_owned(), stage.now());
    let listing = kev(&["CVE-2021-0001"]);
    let kept = KeptCatalogue { source, mark: None, read_at, catalogue: listing.clone() };
    stage.store.keep_catalogue(kept).await.unwrap();
    stage.store.learn_threats(&scores, stage.now()).await.unwrap();
    stage.store.learn_threats(&scores.with(listing), stage.now()).await.unwrap();
    assert_eq!(stage.changes().await, [""; 0]);
    assert_eq!(stage.findings(listed()).await.len(), 1);
}

/// Lets it go on until it has waited so often, and breaks it off there. Returns whether it came to its end.
async fn ends_within(waits: usize, work: impl Future) -> bool {
    let (mut work, mut left) = (std::pin::pin!(work), waits);
    std::future::poll_fn(|context| match (work.as_mut().poll(context), left) {
        (Poll::Ready(_), _) => Poll::Ready(true),
        (Poll::Pending, 0) => Poll::Ready(false),
        (Poll::Pending, _) => {
            left -= 1;
            Poll::Pending
        }
    })
    .await
}

async fn what_is_taken_over_can_be_broken_off_anywhere(stage: Stage) {
    let app = stage.app().await;
    let ids: Vec<String> = (1..=40).map(|n| format!("CVE-2022-{n:04}")).collect();
    let found: Vec<String> = ids.iter().map(|id| format!("{id} LOW zlib")).collect();
    let found: Vec<&str> = found.iter().map(String::as_str).collect();
    stage.scanned(&app, &found).await;
    let before = stage.changes().await.len();
    let mut threats = Threats::default();
    stage.reads(&mut threats, kev(&["CVE-2020-0001"])).await;
    threats = threats.with(kev(&ids.iter().map(String::as_str).collect::<Vec<_>>()));
    let (mut times, mut between) = (0, 0);
    // Each goes on where the one before was broken off: after less or more, and ever more.
    while !ends_within(times % (10 + times / 4), stage.store.learn_threats(&threats, stage.now())).await {
        times += 1;
        // It is written down that it is to be told, and nobody was told yet.
        between += stage.database.rows(&["learning"]).await[0];
    }
    assert!(between > 0, "it was broken off {times} times, and never between the two");
    let mut told = stage.changes().await;
    told.retain(|line| line.ends_with("worsened"));
    told.sort();
    assert_eq!(told, ids.iter().map(|id| format!("latest {id} worsened")).collect::<Vec<_>>());
    assert_eq!(stage.changes().await.len(), before + ids.len());
    assert_eq!(stage.database.rows(&["learning"]).await, [0]);
}

async fn what_is_accepted_stays_accepted(stage: Stage) {
    stage.app().await;
    let mut threats = Threats::default();
    stage.reads(&mut threats, kev(&["CVE-2020-0001"])).await;
    let exception = crate::exceptions::exception("CVE-2021-0002");
    let new = vigil_store::NewException { exception, author: "ann".to_owned(), at: stage.now() };
    let made = stage.store.create_exception(new).await.unwrap();
    stage.reads(&mut threats, kev(&["CVE-2020-0001", "CVE-2021-0002"])).await;
    assert_eq!(stage.changes().await, [""; 0]);
    assert_eq!(stage.findings(listed()).await, ["latest CVE-2021-0002 tar excepted 0h"]);
    stage.store.end_exception(made.stored.id, stage.now()).await.unwrap();
    assert_eq!(stage.findings(listed()).await, ["latest CVE-2021-0002 tar worsened 0h"]);
    assert_eq!(stage.changes().await, [""; 0], "what somebody decides is no news");
}

async fn a_new_finding_of_something_listed_is_new_and_no_worse(stage: Stage) {
    let app = stage.app().await;
    let mut threats = Threats::default();
    stage.reads(&mut threats, kev(&["CVE-2020-0001"])).await;
    stage.reads(&mut threats, kev(&["CVE-2020-0001", "CVE-2021-0003"])).await;
    stage.clock.hours(24);
    // As a pass is told that looks the catalogue up.
    let mut found = crate::stage::parse("CVE-2021-0003 LOW bash");
    found.threat = threats.of(&found.id);
    let scan = vigil_core::testing::scan("COMPLETE", Some(stage.now()), &[found.clone()]);
    stage.found(&app, scan).await;
    stage.store.learn_threats(&threats, stage.now()).await.unwrap();
    let new: Vec<String> =
        stage.changes().await.into_iter().filter(|line| line.contains("CVE-2021-0003")).collect();
    assert_eq!(new, ["latest CVE-2021-0003 new"]);
    assert_eq!(stage.findings(listed()).await, ["latest CVE-2021-0003 bash new 0h"]);
}

async fn what_is_listed_reaches_every_image_however_many_there_are(stage: Stage) {
    const IMAGES: u64 = 130;
    let tags: Vec<String> = (0..=IMAGES).map(|n| format!("v{n}")).collect();
    let images: Vec<Image> = (1..=IMAGES).map(|n| image(n, &[&tags[n as usize]], 9)).collect();
    stage.list(&images).await;
    let mut threats = Threats::default();
    stage.reads(&mut threats, kev(&["CVE-2020-0001"])).await;
    for image in &images {
        stage.scanned(image, &["CVE-2021-0001 LOW zlib"]).await;
    }
    stage.reads(&mut threats, kev(&["CVE-2020-0001", "CVE-2021-0001"])).await;
    let changes = stage.store.changes(Default::default(), Slice::first(1000)).await.unwrap().items;
    assert_eq!(changes.len() as u64, IMAGES);
    assert!(changes.iter().all(|change| change.kind.code() == "worsened"));
    assert_eq!(stage.database.rows(&["learning"]).await, [0]);
}

async fn what_is_known_can_be_asked_for_and_sorted_by(stage: Stage) {
    stage.app().await;
    let other = image(2, &["v2"], 9);
    stage.list(&[image(1, &["latest"], 9), other.clone()]).await;
    stage.scanned(&other, &["CVE-2021-0003 LOW bash exploit", "CVE-2021-0002 HIGH tar"]).await;
    let mut threats = Threats::default();
    stage.reads(&mut threats, kev(&["CVE-2021-0001"])).await;
    stage.reads(&mut threats, epss(&[("CVE-2021-0001", "0.2"), ("CVE-2021-0003", "0.9")])).await;
    let likely = |least: &str| FindingFilter { min_epss: least.parse().ok(), ..FindingFilter::default() };
    assert_eq!(stage.findings(likely("0.2")).await.len(), 2);
    assert_eq!(stage.findings(likely("0.9")).await, ["v2 CVE-2021-0003 bash open 0h"]);
    let known_exploit = FindingFilter { exploit_known: Some(true), ..FindingFilter::default() };
    assert_eq!(stage.findings(known_exploit).await, ["v2 CVE-2021-0003 bash open 0h"]);
    assert_eq!(stage.findings(listed()).await, ["latest CVE-2021-0001 zlib open 0h"]);
    let (mut told, mut slice) = (Vec::new(), Slice::first(1));
    loop {
        let order = FindingOrder::LikeliestFirst;
        let page = stage.store.findings(FindingFilter::default(), order, slice).await.unwrap();
        told.extend(page.items.iter().map(|item| format!("{} {}", item.vulnerability, item.lineage)));
        let Some(next) = page.next else { break };
        slice = Slice { after: Some(next), limit: 1 };
    }
    let expected = ["CVE-2021-0003 v2", "CVE-2021-0001 latest", "CVE-2021-0002 latest", "CVE-2021-0002 v2"];
    assert_eq!(told, expected, "each once, page by page");
    let order = VulnerabilityOrder::LikeliestFirst;
    let all =
        stage.store.vulnerabilities(VulnerabilityFilter::default(), order, Slice::first(2)).await.unwrap();
    let names: Vec<&str> = all.items.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(names, ["CVE-2021-0003", "CVE-2021-0001"]);
    let score = all.items[0].threat.epss.map(|epss| epss.score);
    assert_eq!(score, "0.9".parse::<Probability>().ok());
    let listed = VulnerabilityFilter { known_exploited: Some(true), ..VulnerabilityFilter::default() };
    let found = stage.store.vulnerabilities(listed, order, Slice::first(9)).await.unwrap().items;
    assert_eq!(found.len(), 1);
    assert!(found[0].threat.known_exploited.unwrap().ransomware);
}
