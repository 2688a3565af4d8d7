//! Feeds as readers take them: held to RFC 4287, and read by feedparser, whatever ECR says.

use std::num::NonZeroUsize;

use jiff::SignedDuration;
use vigil_core::image::Platform;
use vigil_core::policy::{ScanConfig, ScanRequest};
use vigil_core::testing::{digest, finding, now};
use vigil_core::{Finding, RegistryId};
use vigil_report::configs::{ConfigImage, Known, NoResult};
use vigil_report::feed::{BaseUrl, Entry, Feed, Found, Paging, entries, feed};

use crate::python::script;

fn config() -> ScanConfig {
    let tags = vec!["16.04".parse().unwrap(), "latest".parse().unwrap()];
    let (region, account) = ("us-west-2".parse().unwrap(), "123456789012".parse().unwrap());
    let request = ScanRequest::new(region, account, "test/ubuntu".parse().unwrap(), tags);
    ScanConfig { id: "fc41dda8-f15e-4826-8908-11603b01dac4".parse().unwrap(), created: now(), request }
}

fn image(tag: &str, known: Known<Vec<Found>>) -> ConfigImage<Vec<Found>> {
    ConfigImage { tag: tag.parse().unwrap(), digest: Some(digest(1)), platform: None, known }
}

fn found(finding: Finding, days: i64) -> Found {
    let first_seen = now() - SignedDuration::from_hours(24 * days);
    Found { finding, first_seen, updated: first_seen }
}

fn page(partition: &str, all: &[Entry], number: usize, size: usize) -> String {
    let (config, base): (_, BaseUrl) = (config(), "https://vigil.example.org/ecr".parse().unwrap());
    let ScanRequest { region, registry, tags, .. } = config.request.clone();
    let registry = RegistryId { partition: partition.parse().unwrap(), account: registry, region };
    let updated = all.first().map(|newest| newest.updated);
    let of = Feed { config: &config, registry: &registry, tags: &tags, updated, base: &base };
    let [number, size] = [number, size].map(|n| NonZeroUsize::new(n).unwrap());
    let (entries, paging) = Paging::cut(all, number, size).unwrap();
    String::from_utf8(feed(&of, entries, paging).unwrap()).unwrap()
}

/// What a reader shows of a feed that nothing can be said against.
async fn read(document: &str) -> Vec<String> {
    let directory = tempfile::tempdir().unwrap();
    let read = script("read_feed.py", "", directory.path()).stdin(document).run().await.code(0);
    read.stdout.lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn a_reader_sees_findings_and_what_was_not_scanned() {
    let linked = Finding {
        description: Some("Mount rules are widened.".into()),
        links: vec!["http://people.ubuntu.com/~ubuntu-security/cve/CVE-2016-1585".into()],
        ..finding("CVE-2016-1585", "MEDIUM", "apparmor")
    };
    let without = Known::Without { why: NoResult::NotYetScanned, since: now() };
    let arm = Platform { os: "linux".into(), architecture: "arm64".into(), variant: None };
    let scanned = |found| Known::Scanned { at: Some(now()), found };
    let all = entries(vec![
        image("16.04", scanned(vec![found(linked.clone(), 9)])),
        ConfigImage { platform: Some(arm), ..image("16.04", scanned(vec![found(linked, 3)])) },
        image("latest", without),
    ]);
    let expected = [
        "atom10: ECR repository test/ubuntu in us-west-2",
        "No scan result for image test/ubuntu:latest: it has not been scanned yet",
        "[MEDIUM] in image test/ubuntu:16.04 (linux/arm64) found CVE-2016-1585",
        "[MEDIUM] in image test/ubuntu:16.04 found CVE-2016-1585",
    ];
    assert_eq!(read(&page("aws", &all, 1, 100)).await, expected);
    for (number, title) in (1..).zip(&expected[1..]) {
        assert_eq!(read(&page("aws-iso", &all, number, 1)).await, [expected[0], title]);
    }
    assert_eq!(read(&page("aws", &[], 1, 100)).await, expected[..1]);
}

#[tokio::test]
async fn whatever_ecr_says_stays_text() {
    let every_control: String = (0..0xa0_u8).map(char::from).chain(['\u{fffe}', '\u{202e}']).collect();
    let nasty = [every_control.as_str(), "<script>alert(1)</script>", "]]>&amp;&#0;<!--", "\"'><a href='x'>"];
    let findings = nasty.iter().zip(1..).map(|(said, days)| {
        let finding = Finding {
            description: Some((*said).into()),
            links: vec![format!("https://nvd.nist.gov/{said}").into()],
            ..finding(&format!("CVE{said}"), said, said)
        };
        found(finding, days)
    });
    let scanned = Known::Scanned { at: None, found: findings.collect() };
    let failed = Known::Without { why: NoResult::Failed { said: nasty.concat() }, since: now() };
    let all = entries(vec![image("16.04", scanned), image("latest", failed)]);
    assert_eq!(read(&page("aws", &all, 1, 100)).await.len(), 1 + nasty.len() + 1);
}
