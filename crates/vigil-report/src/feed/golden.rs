//! A feed as readers see it, and what must hold of every feed.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;

use insta::assert_snapshot;
use jiff::{SignedDuration, Timestamp};
use vigil_core::policy::{ScanConfig, ScanRequest};
use vigil_core::testing::{digest, finding, now};
use vigil_core::{Finding, RegistryId, Tag};

use super::{BaseUrl, Entry, Feed, Found, Paging, entries, feed};
use crate::configs::{ConfigImage, Known, NoResult};

fn config() -> ScanConfig {
    let tags = ["16.04", "latest"].map(|tag| tag.parse().unwrap()).to_vec();
    let (region, account) = ("us-west-2".parse().unwrap(), "123456789012".parse().unwrap());
    let request = ScanRequest::new(region, account, "test/ubuntu".parse().unwrap(), tags);
    let id = "fc41dda8-f15e-4826-8908-11603b01dac4".parse().unwrap();
    ScanConfig { id, created: days_ago(30), request }
}

fn days_ago(days: i64) -> Timestamp {
    now() - SignedDuration::from_hours(24 * days)
}

fn found(finding: Finding, first_seen: i64, updated: i64) -> Found {
    Found { finding, first_seen: days_ago(first_seen), updated: days_ago(updated) }
}

fn image(tag: &str, n: u64, known: Known<Vec<Found>>) -> ConfigImage<Vec<Found>> {
    ConfigImage { tag: tag.parse().unwrap(), digest: Some(digest(n)), platform: None, known }
}

fn scanned(found: Vec<Found>) -> Known<Vec<Found>> {
    Known::Scanned { at: Some(now()), found }
}

fn without(why: NoResult) -> Known<Vec<Found>> {
    Known::Without { why, since: days_ago(2) }
}

/// The document's finding, one without anything, one told twice and one that XML could not hold.
fn story() -> Vec<ConfigImage<Vec<Found>>> {
    let apparmor = Finding {
        description: Some(
            "In all versions of AppArmor mount rules are accidentally widened when compiled.".into(),
        ),
        links: vec!["http://people.ubuntu.com/~ubuntu-security/cve/CVE-2016-1585".into()],
        ..finding("CVE-2016-1585", "MEDIUM", "apparmor")
    };
    let bare = Finding { package: None, ..finding("CVE-2019-0001", "UNDEFINED", "") };
    let nasty = Finding {
        description: Some("a <b>\u{0}\u{1b} & \"c\" ]]> \u{ffff}".into()),
        links: vec!["javascript:alert(1)".into()],
        ..finding("CVE<&>\u{8}\n\"1\"", "DREADFUL\u{b}", "p<&\u{1}")
    };
    vec![
        image(
            "16.04",
            1,
            scanned(vec![
                found(apparmor.clone(), 20, 20),
                found(Finding { severity: "HIGH".into(), ..apparmor }, 25, 10),
                found(bare, 3, 3),
                found(nasty, 3, 3),
            ]),
        ),
        image("latest", 2, without(NoResult::NotYetScanned)),
        image("v1", 3, without(NoResult::Failed { said: "FAILED: \u{7}<oops>".into() })),
        ConfigImage { digest: None, ..image("v2", 4, without(NoResult::Missing)) },
    ]
}

fn registry(partition: &str, region: &str) -> RegistryId {
    RegistryId {
        partition: partition.parse().unwrap(),
        account: "123456789012".parse().unwrap(),
        region: region.parse().unwrap(),
    }
}

fn page_of(registry: &RegistryId, all: &[Entry], number: usize, size: usize) -> String {
    let (config, base): (_, BaseUrl) = (config(), "http://127.0.0.1:2112".parse().unwrap());
    let tags: Vec<Tag> = config.request.tags.clone();
    let updated = all.first().map(|newest| newest.updated);
    let of = Feed { config: &config, registry, tags: &tags, updated, base: &base };
    let [number, size] = [number, size].map(|n| NonZeroUsize::new(n).unwrap());
    let (page, paging) = Paging::cut(all, number, size).unwrap();
    String::from_utf8(feed(&of, page, paging).unwrap()).unwrap()
}

fn page(all: &[Entry], number: usize, size: usize) -> String {
    page_of(&registry("aws", "us-west-2"), all, number, size)
}

#[test]
fn a_feed() {
    assert_snapshot!(page(&entries(story()), 1, 100));
}

#[test]
fn a_feed_of_nothing() {
    assert_snapshot!(page(&[], 1, 100));
}

#[test]
fn where_the_console_is_not_known_the_feed_points_to_itself() {
    let feed = page_of(&registry("aws-iso", "us-iso-east-1"), &entries(story()), 1, 100);
    assert!(!feed.contains("amazon"), "{feed}");
    assert!(feed.contains("  <id>urn:uuid:"), "{feed}");
}

#[test]
fn entries_are_read_back_as_they_were_meant() {
    let all = entries(story());
    let read: atom_syndication::Feed = page(&all, 1, 100).parse().unwrap();
    let titles: Vec<&str> = read.entries().iter().map(|entry| entry.title().as_str()).collect();
    assert_eq!(
        titles,
        [
            "No scan result for image test/ubuntu:latest: it has not been scanned yet",
            "No scan result for image test/ubuntu:v1: its scan failed: FAILED: <oops>",
            "No scan result for image test/ubuntu:v2: there is no such image",
            "[UNDEFINED] in image test/ubuntu:16.04 found CVE-2019-0001",
            "[DREADFUL] in image test/ubuntu:16.04 found CVE<&> \"1\"",
            "[HIGH] in image test/ubuntu:16.04 found CVE-2016-1585",
        ]
    );
    let times: Vec<_> = read.entries().iter().map(|entry| *entry.updated()).collect();
    assert!(times.is_sorted_by(|a, b| a >= b), "{times:?}");
    assert_eq!(read.updated(), &times[0]);
}

#[test]
fn every_entry_is_on_one_page_under_one_id() {
    let all = entries(story());
    let ids = |page: String| -> Vec<String> {
        let read: atom_syndication::Feed = page.parse().unwrap();
        read.entries().iter().map(|entry| entry.id().to_owned()).collect()
    };
    let paged: Vec<String> = (1..=3).flat_map(|number| ids(page(&all, number, 2))).collect();
    assert_eq!(paged, ids(page(&all, 1, 100)));
    assert_eq!(paged.iter().collect::<BTreeSet<_>>().len(), paged.len());
}

#[test]
fn a_new_digest_and_a_new_scan_change_no_id() {
    let id = |n, days| {
        let found = found(finding("CVE-1", "HIGH", "zlib"), 9, days);
        let read: atom_syndication::Feed =
            page(&entries(vec![image("16.04", n, scanned(vec![found]))]), 1, 9).parse().unwrap();
        read.entries()[0].id().to_owned()
    };
    assert_eq!(id(1, 9), id(2, 1));
}

#[test]
fn the_order_in_which_images_come_changes_no_byte() {
    let backwards = story().into_iter().rev().collect();
    assert_eq!(page(&entries(story()), 1, 100), page(&entries(backwards), 1, 100));
}
