//! The log: on standard error, in three formats, and never a word of it in the report.

use regex::Regex;
use vigil_sim::{FaultAction, FaultRule};

use crate::program::Ended;
use crate::stage::{Stage, clean, quick};

async fn logged(flags: &str) -> Ended {
    let stage = Stage::with_images(quick(), 2).await;
    stage.sim.add_fault(FaultRule::on("StartImageScan", FaultAction::Throttle).times(1));
    let scan = stage.run(&format!("scan --format json {flags}")).await.code(0);
    // Were a line of the log in it, it would be no JSON.
    assert_eq!(scan.count("scanned"), 2);
    scan
}

#[track_caller]
fn each_line(scan: &Ended, is: impl Fn(&str) -> bool) {
    assert!(scan.stderr.lines().count() > 5, "{}", scan.stderr);
    for line in scan.stderr.lines() {
        assert!(is(line), "{line}");
    }
}

#[tokio::test]
async fn json_is_one_object_a_line() {
    let scan = logged("--log-format json --log-level debug").await;
    each_line(&scan, |line| {
        let entry: serde_json::Value = serde_json::from_str(line).unwrap();
        ["timestamp", "level", "target"].iter().all(|member| entry[member].is_string())
    });
}

#[tokio::test]
async fn logfmt_is_pairs() {
    let scan = logged("--log-format logfmt --log-level debug").await;
    let line_of_pairs =
        Regex::new(r#"^ts=\S+ level=\w+ target=\S+( [a-z_.]+=("([^"\\]|\\.)*"|[^\s"]*))*$"#).unwrap();
    each_line(&scan, |line| line_of_pairs.is_match(line));
}

#[tokio::test]
async fn text_begins_with_time_and_level() {
    let scan = logged("--log-level debug").await;
    let head =
        Regex::new(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z +(DEBUG|INFO|WARN|ERROR) [a-z_:]+: ").unwrap();
    each_line(&scan, |line| head.is_match(line));
}

#[tokio::test]
async fn a_quiet_level_says_nothing_of_a_good_pass() {
    let stage = Stage::with_images(quick(), 2).await;
    for level in ["warn", "error"] {
        assert_eq!(stage.run(&format!("scan --log-level {level}")).await.code(0).stderr, "");
    }
}

#[tokio::test]
async fn images_in_trouble_are_told_at_the_end() {
    let stage = Stage::with_images(quick(), 2).await;
    stage.push("team/web:v1", clean());
    stage.sim.add_fault(FaultRule::on("StartImageScan", FaultAction::AccessDenied).repository("team/web"));
    let scan = stage.run("scan").await.code(3);
    assert!(
        scan.stderr.ends_with("images could not be scanned or read: the report names each images=1\n"),
        "{}",
        scan.stderr
    );
    scan.complains("pass ended registry=123456789012/us-east-1 started=2 registry_faults=0");
}

#[tokio::test]
async fn no_secret_is_logged() {
    let scan = logged("--log-level debug").await;
    assert!(!scan.stderr.contains("do-not-print-me"));
}
