//! What a service tells Prometheus: of registries with one of everything in them, and what dashboard and alerts ask for.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use jiff::{SignedDuration, Timestamp};
use regex::Regex;
use vigil_sim::{FaultAction, FaultError, FaultRule, NewImage};

use crate::images::{finding, one_of_everything, vulnerable};
use crate::serving::Serving;
use crate::stage::{Stage, clean, frozen, push, quick};

const PLACE: &str = r#"registry="123456789012",region="us-east-1""#;

async fn scrape(service: &Serving) -> String {
    service.get("/metrics").await.status(200).body
}

/// What promtool says to a scrape.
#[expect(clippy::disallowed_methods, reason = "whoever runs the tests says where Prometheus is")]
fn promtool(scrape: &str) -> String {
    let programs = std::env::var_os("VIGIL_TEST_PROMETHEUS_BIN")
        .expect("run the tests with `cargo xtask test`: it prepares Prometheus");
    let mut command = Command::new(PathBuf::from(programs).join("promtool"));
    command.args(["check", "metrics"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(scrape.as_bytes()).unwrap();
    let ended = child.wait_with_output().unwrap();
    [ended.stdout, ended.stderr].map(|said| String::from_utf8(said).unwrap()).concat()
}

/// The metrics that a shipped file names.
fn named(file: &str) -> BTreeSet<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy").join(file);
    let text = std::fs::read_to_string(path).unwrap();
    let metric = Regex::new(r"\b(ecr_vigil|aws_ecr|process)_[a-z0-9_]+").unwrap();
    metric.find_iter(&text).map(|found| found.as_str().to_owned()).collect()
}

#[track_caller]
fn check(scrape: &str, sample: &str) {
    assert!(scrape.lines().any(|line| line == sample), "{sample}\nis not among\n{scrape}");
}

#[tokio::test]
async fn coverage_counts_what_the_schedules_mean_to_have_scanned() {
    let stage = one_of_everything().await;
    let (app, web) = (
        "[[schedule]]\nname = 'app'\ncron = '@yearly'\nrepositories = ['team/app']\nexclude_tags = ['v1']\nexpiry = '30d'\n",
        "[[schedule]]\nname = 'web'\ncron = '@yearly'\nrepositories = ['team/web']\nexpiry = '1d'\nscans_per_pass = 2\n",
    );
    stage.write("vigil.toml", &format!("{app}{web}"));
    let service = stage.serve("").await;
    for schedule in ["app", "web"] {
        service.pass_of(schedule).await;
    }
    let told = scrape(&service).await;
    // Four of team/app, of which one was scanned nine days ago, and three of team/web, of which one does not fit.
    check(&told, &format!("ecr_vigil_images_scannable{{{PLACE}}} 7"));
    check(&told, &format!("ecr_vigil_images_covered{{{PLACE}}} 6"));
    check(&told, &format!("ecr_vigil_images_never_scanned{{{PLACE}}} 1"));
    check(&told, &format!("ecr_vigil_images_unscannable{{{PLACE},reason=\"failed\"}} 1"));
    check(&told, &format!("ecr_vigil_images_due{{{PLACE},schedule=\"app\"}} 0"));
    check(&told, &format!("ecr_vigil_images_due{{{PLACE},schedule=\"web\"}} 1"));
    check(&told, &format!("ecr_vigil_images_held{{{PLACE},schedule=\"web\",reason=\"pass_cap\"}} 1"));
    service.end().await.code(0);
}

#[tokio::test]
async fn dashboard_and_alerts_find_what_they_ask_for() {
    let stage = Stage::new().await;
    stage.push("team/app:scratch", NewImage { unsupported: true, ..clean() });
    // A sink for which nothing comes while the story lasts.
    let sink =
        "[news]\nsettle = '1h'\n[[sink]]\nname = 'hook'\ntype = 'webhook'\nurl = 'http://127.0.0.1:9'\n";
    stage.write("vigil.toml", sink);
    let service = stage.serve("--scans-per-pass 1").await;
    service.pass().await;
    for name in ["team/app:v1", "team/app:v2"] {
        stage.push(name, vulnerable(&[finding("CVE-2024-3094", "CRITICAL", "xz-utils")]));
    }
    service.pass().await;
    scrape(&service).await;
    let told = scrape(&service).await;
    let samples: BTreeSet<&str> =
        told.lines().filter_map(|line| line.split(['{', ' ']).next()).filter(|name| *name != "#").collect();
    let asked: BTreeSet<String> =
        ["grafana/ecr-vigil.json", "prometheus/alerts.yml"].into_iter().flat_map(named).collect();
    let missing: Vec<&String> = asked.iter().filter(|name| !samples.contains(name.as_str())).collect();
    // After a pass nothing waits any more.
    let waits = ["ecr_vigil_messages_oldest_timestamp_seconds", "ecr_vigil_queue_oldest_timestamp_seconds"];
    assert_eq!(missing, waits, "{told}");
    check(&told, "ecr_vigil_http_requests_total{method=\"POST\",route=\"/api/v1/passes\",status=\"202\"} 2");
    // The image that was scanned was pushed after the first pass had seen the registry.
    check(&told, &format!("ecr_vigil_findings_new_total{{{PLACE},severity=\"critical\"}} 1"));
    let minded = promtool(&told);
    let of_old = ["aws_ecr_repository_count", "aws_ecr_scans_"];
    assert!(
        minded.lines().count() == 4
            && minded.lines().all(|line| of_old.iter().any(|name| line.starts_with(name))),
        "{minded}"
    );
    service.end().await.code(0);
}

#[tokio::test]
async fn what_a_pass_waits_for_is_told_while_it_waits() {
    let stage = Stage::with_images(frozen(), 3).await;
    let service = stage.serve("--run-now").await;
    stage.sim.when_calls("StartImageScan", 3).await;
    let sample = format!("ecr_vigil_scans_in_flight{{{PLACE}}} 3");
    let mut told = scrape(&service).await;
    // The box has accepted the last one; the service may not have heard of it yet.
    while !told.lines().any(|line| line == sample) {
        told = scrape(&service).await;
    }
    check(&told, &format!("ecr_vigil_scans_to_start{{{PLACE}}} 0"));
    let oldest = |told: &str| {
        let sample = format!("ecr_vigil_queue_oldest_timestamp_seconds{{{PLACE},queue=\"in_flight\"}} ");
        let line = told.lines().find_map(|line| line.strip_prefix(&sample))?;
        Some(line.parse::<f64>().unwrap())
    };
    let asked = oldest(&told).unwrap();
    service.kill().await;
    // It waits since they were asked for, and not since it goes on.
    let service = stage.serve("").await;
    let mut told = scrape(&service).await;
    while !told.lines().any(|line| line == sample) {
        told = scrape(&service).await;
    }
    assert!(oldest(&told).unwrap() <= asked, "{told}");
    service.kill().await;
}

#[tokio::test]
async fn a_region_that_is_no_longer_in_the_settings_vanishes() {
    let stage = Stage::with_images(quick(), 1).await;
    let elsewhere = stage.sim.registry("123456789012", "eu-west-1");
    push(&elsewhere, "team/app:v1", clean());
    let settings = |regions: &str| stage.write("vigil.toml", &format!("regions = [{regions}]\n"));
    settings("'us-east-1', 'eu-west-1'");
    let mut service = stage.serve("").await;
    service.pass().await;
    let told = scrape(&service).await;
    for region in ["us-east-1", "eu-west-1"] {
        let place = format!("registry=\"123456789012\",region=\"{region}\"");
        check(&told, &format!("ecr_vigil_images_covered{{{place}}} 1"));
        check(&told, &format!("aws_ecr_repository_count{{{place}}} 1"));
        check(&told, &format!("ecr_vigil_images_due{{{place},schedule=\"default\"}} 0"));
    }
    settings("'us-east-1'");
    service.signal("HUP");
    service.until_logged("the settings were read again").await;
    service.pass().await;
    let told = scrape(&service).await;
    assert!(told.contains("region=\"us-east-1\"") && !told.contains("region=\"eu-west-1\""), "{told}");
    service.end().await.code(0);
}

#[tokio::test]
async fn what_two_schedules_look_at_is_measured_by_both_until_the_settings_say_otherwise() {
    let stage = one_of_everything().await;
    let running = "[[schedule]]\nname = 'running'\ncron = '@yearly'\nexpiry = '1d'\ntags = ['v*']\n";
    let rest = |more: &str| format!("[[schedule]]\nname = 'rest'\ncron = '@yearly'\nexpiry = '30d'\n{more}");
    stage.write("vigil.toml", &format!("{running}{}", rest("")));
    let mut service = stage.serve("").await;
    for schedule in ["rest", "running"] {
        service.pass_of(schedule).await;
    }
    let told = scrape(&service).await;
    check(&told, &format!("ecr_vigil_coverage_ratio{{{PLACE}}} 1"));
    check(&told, &format!("ecr_vigil_images_scannable{{{PLACE}}} 8"));
    check(&told, &format!("ecr_vigil_images_unscannable{{{PLACE},reason=\"archived\"}} 1"));
    check(&told, &format!("ecr_vigil_images_unscannable{{{PLACE},reason=\"failed\"}} 1"));
    // The other one has left them out since, and they stand as the first one has left them.
    let images = service.items("images?repository=team/app&decision=leave_out").await;
    let left_out: Vec<_> =
        images.as_array().unwrap().iter().map(|image| &image["standing"]["reason"]).collect();
    assert_eq!(left_out, ["archived"], "{images}");

    stage.write("vigil.toml", &format!("{running}{}", rest("exclude_repositories = ['team/app']\n")));
    service.signal("HUP");
    service.until_logged("the settings were read again").await;
    let told = scrape(&service).await;
    // Of team/app the running one alone is looked at; team/web has three.
    check(&told, &format!("ecr_vigil_images_scannable{{{PLACE}}} 4"));
    stage.write("vigil.toml", running);
    service.signal("HUP");
    service.until_logged("the settings were read again").await;
    let told = scrape(&service).await;
    check(&told, &format!("ecr_vigil_images_scannable{{{PLACE}}} 3"));
    service.end().await.code(0);
}

#[tokio::test]
async fn a_pass_that_enters_no_registry_is_told_and_tried_again_after_a_restart_too() {
    let stage = Stage::with_images(quick(), 1).await;
    let message = "The security token included in the request is expired".to_owned();
    let expired = FaultError { code: "ExpiredTokenException".to_owned(), message, status: 400 };
    stage.sim.add_fault(FaultRule::always(FaultAction::Error(expired)));
    stage.write("vigil.toml", "[schedule]\ncron = '@yearly'\n");
    let mut service = stage.serve("--run-now").await;
    service.until_logged("pass ended").await;
    for restarted in [false, true] {
        if restarted {
            service.kill().await;
            service = stage.serve("").await;
        }
        let mut schedule = service.items("schedules").await[0].clone();
        // The pass is ended, and may have something to tidy up.
        while !schedule["running"].is_null() {
            schedule = service.items("schedules").await[0].clone();
        }
        assert_eq!(schedule["failed"], 1, "{schedule}");
        let next: Timestamp = schedule["next"].as_str().unwrap().parse().unwrap();
        let ended: Timestamp = service.last_pass().await["ended"].as_str().unwrap().parse().unwrap();
        // It is remembered to the microsecond.
        assert_eq!(next.as_microsecond(), (ended + SignedDuration::from_mins(1)).as_microsecond());
        check(&scrape(&service).await, "ecr_vigil_passes_failed_in_a_row{schedule=\"default\"} 1");
        let ready = service.get("/readyz").await.status(200).json();
        assert_eq!(ready["failing"][0], "default", "{ready}");
    }
    assert_eq!(service.last_pass().await["outcome"], "failed");
    service.end().await.code(0);
}
