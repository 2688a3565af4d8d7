//! The dashboard and the alerts that are shipped: they name metrics that there are, and do what they say.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use regex::Regex;

use crate::metrics::catalogue::FAMILIES;
use crate::metrics::family::Kind;

const ALERTS: &str = "prometheus/alerts.yml";
const DASHBOARD: &str = "grafana/ecr-vigil.json";

fn deploy() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy")
}

fn read(name: &str) -> String {
    std::fs::read_to_string(deploy().join(name)).unwrap()
}

/// What promtool says to this input, wherever it says it.
#[expect(clippy::disallowed_methods, reason = "whoever runs the tests says where Prometheus is")]
pub(super) fn promtool(arguments: &str, input: &str) -> String {
    let programs = std::env::var_os("VIGIL_TEST_PROMETHEUS_BIN")
        .expect("run the tests with `cargo xtask test`: it prepares Prometheus");
    let mut command = Command::new(PathBuf::from(programs).join("promtool"));
    command.args(arguments.split_whitespace()).current_dir(deploy().join("prometheus"));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let ended = child.wait_with_output().unwrap();
    [ended.stdout, ended.stderr].map(|said| String::from_utf8(said).unwrap()).concat()
}

/// The metrics that a text names.
fn named(text: &str) -> BTreeSet<String> {
    let metric = Regex::new(r"\b(ecr_vigil|aws_ecr|process)_[a-z0-9_]+").unwrap();
    metric.find_iter(text).map(|found| found.as_str().to_owned()).collect()
}

fn served() -> BTreeSet<String> {
    let names = FAMILIES.iter().flat_map(|family| {
        let suffixes: &[&str] =
            if family.kind == Kind::Histogram { &["", "_bucket", "_sum", "_count"] } else { &[""] };
        suffixes.iter().map(|suffix| format!("{}{suffix}", family.name))
    });
    names.collect()
}

#[track_caller]
fn check_names(file: &str) {
    let named = named(&read(file));
    assert!(named.len() > 5, "{file} names {named:?}");
    let unknown: Vec<String> = named.difference(&served()).cloned().collect();
    assert_eq!(unknown, [""; 0], "{file}");
}

#[test]
fn the_alerts_name_metrics_that_there_are() {
    check_names(ALERTS);
}

#[test]
fn the_dashboard_names_metrics_that_there_are() {
    check_names(DASHBOARD);
}

#[test]
fn the_dashboard_begins_with_coverage_and_every_panel_says_what_it_shows() {
    let dashboard: serde_json::Value = serde_json::from_str(&read(DASHBOARD)).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    assert_eq!(panels[0]["title"], "Coverage and freshness");
    for panel in panels.iter().filter(|panel| panel["type"] != "row") {
        let described = panel["description"].as_str().is_some_and(|said| said.ends_with('.'));
        assert!(described && panel["targets"][0]["expr"].is_string(), "{}", panel["title"]);
    }
}

/// Every expression of the dashboard as a rule, which promtool can parse; Grafana's variables stand for patterns.
#[test]
fn the_dashboards_expressions_are_promql() {
    let dashboard: serde_json::Value = serde_json::from_str(&read(DASHBOARD)).unwrap();
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let targets = panels.flat_map(|panel| panel["targets"].as_array().into_iter().flatten());
    let rules: Vec<serde_json::Value> = targets
        .enumerate()
        .map(|(n, target)| serde_json::json!({ "record": format!("panel:{n}"), "expr": target["expr"] }))
        .collect();
    let group = serde_json::json!({ "groups": [{ "name": "dashboard", "rules": rules }] });
    let file = tempfile::NamedTempFile::with_suffix(".yml").unwrap();
    std::fs::write(file.path(), group.to_string()).unwrap();
    let said = promtool(&format!("check rules {}", file.path().display()), "");
    assert!(said.contains(&format!("SUCCESS: {} rules found", rules.len())), "{said}");
}

#[test]
fn promtool_finds_no_fault_with_the_alerts() {
    let alerts = read(ALERTS).matches("- alert:").count();
    let said = promtool("check rules alerts.yml", "");
    assert!(said.contains(&format!("SUCCESS: {alerts} rules found")), "{said}");
}

#[test]
fn the_alerts_come_when_they_should() {
    let said = promtool("test rules alerts.test.yml", "");
    assert!(said.contains("SUCCESS") && !said.contains("FAILED"), "{said}");
}

#[test]
fn every_alert_has_a_test() {
    let (alerts, tests) = (read(ALERTS), read("prometheus/alerts.test.yml"));
    for alert in alerts.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")) {
        let expects = format!("alertname: {alert}\n        exp_alerts:");
        assert!(tests.contains(&expects), "{alert}");
    }
}
