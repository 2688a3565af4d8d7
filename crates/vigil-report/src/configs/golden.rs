//! The summary as text and as JSON, as people and programs see it.

use insta::assert_snapshot;
use jiff::SignedDuration;
use vigil_core::image::Platform;
use vigil_core::policy::{ScanConfig, ScanRequest};
use vigil_core::testing::{digest, now};
use vigil_core::{Counts, Severity};

use super::{ConfigImage, ConfigView, Known, NoResult, configs_as_json, configs_as_text};

fn config(n: u64, repository: &str, tags: &[&str]) -> ScanConfig {
    let request = ScanRequest::new(
        "us-west-2".parse().unwrap(),
        "123456789012".parse().unwrap(),
        repository.parse().unwrap(),
        tags.iter().map(|tag| tag.parse().unwrap()).collect(),
    );
    ScanConfig { id: format!("00000000-0000-4000-8000-{n:012}").parse().unwrap(), created: now(), request }
}

fn scanned(tag: &str, counts: &[(&str, u64)]) -> ConfigImage<Counts> {
    let counts = counts.iter().map(|(severity, count)| (Severity::from(*severity), *count));
    let at = Some(now() - SignedDuration::from_hours(20));
    let known = Known::Scanned { at, found: counts.collect() };
    ConfigImage { tag: tag.parse().unwrap(), digest: Some(digest(1)), platform: None, known }
}

fn without(tag: &str, why: NoResult) -> ConfigImage<Counts> {
    let known = Known::Without { why, since: now() };
    ConfigImage { known, ..scanned(tag, &[]) }
}

fn on(architecture: &str, image: ConfigImage<Counts>) -> ConfigImage<Counts> {
    let platform = Platform { os: "linux".into(), architecture: architecture.into(), variant: None };
    ConfigImage { platform: Some(platform), ..image }
}

/// The four images of the re-scan service's document, given in no order, and one of every trouble.
fn story() -> Vec<ConfigView<Counts>> {
    let view = |config, images| ConfigView { config, images };
    let said = || "FAILED: the layer is\nbroken".to_owned();
    vec![
        view(config(1, "amazonlinux", &["2018.03"]), vec![scanned("2018.03", &[])]),
        view(config(2, "test/centos", &[]), vec![scanned("7", &[("MEDIUM", 20), ("LOW", 7), ("HIGH", 7)])]),
        view(
            config(3, "test/ubuntu", &["16.04", "latest"]),
            vec![
                scanned("latest", &[("LOW", 13), ("MEDIUM", 7), ("INFORMATIONAL", 9)]),
                scanned("16.04", &[("UNDEFINED", 1), ("CRITICAL", 1), ("DREADFUL", 2)]),
            ],
        ),
        view(
            config(4, "team/app", &[]),
            vec![
                without("v6", NoResult::Missing),
                without("v1", NoResult::NotYetScanned),
                without("v2", NoResult::Running),
                without("v3", NoResult::Failed { said: said() }),
                without("v4", NoResult::Unscannable { said: "UNSUPPORTED_IMAGE".into() }),
                without("v5", NoResult::Unavailable { said: "LIMIT_EXCEEDED".into() }),
                on("arm64", scanned("v7", &[("HIGH", 1)])),
                on("amd64", scanned("v7", &[])),
            ],
        ),
        view(config(5, "team/empty", &[]), Vec::new()),
    ]
}

#[test]
fn as_text() {
    assert_snapshot!(String::from_utf8(configs_as_text(&story())).unwrap());
}

#[test]
fn as_json() {
    let bytes = configs_as_json(&story());
    let items: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    let lines: Vec<String> = items.as_array().unwrap().iter().map(ToString::to_string).collect();
    assert_snapshot!(lines.join("\n"));
}

#[test]
fn without_configurations_nothing_is_said() {
    assert_eq!(configs_as_text(&[]), b"");
    assert_eq!(configs_as_json(&[]), b"[]\n");
}

#[test]
fn the_documents_example_is_answered_line_for_line() {
    let centos = story().swap_remove(1);
    let expected = "Results for test/centos:7 in us-west-2:\n HIGH: 7\n MEDIUM: 20\n LOW: 7\n\n\n";
    assert_eq!(String::from_utf8(configs_as_text(&[centos])).unwrap(), expected);
}

#[test]
fn repositories_of_two_accounts_with_one_name_are_told_apart() {
    let mut namesakes = [story().swap_remove(0), story().swap_remove(0), story().swap_remove(1)];
    namesakes[1].config.request.registry = "210987654321".parse().unwrap();
    let told = String::from_utf8(configs_as_text(&namesakes)).unwrap();
    let head = "Results for amazonlinux:2018.03 in us-west-2:";
    let first = format!("{head}\n (in the registry of 123456789012)\n\n\n");
    let second = format!("{head}\n (in the registry of 210987654321)\n\n\n");
    assert!(
        told.starts_with(&format!("{first}{second}Results for test/centos:7 in us-west-2:\n HIGH: 7\n")),
        "{told}"
    );
}
