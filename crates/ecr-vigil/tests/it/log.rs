//! The log: on standard error, in three formats, and never a word of it in the report.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

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

#[tokio::test]
async fn the_password_of_a_database_is_not_logged() {
    let stage = Stage::new().await;
    let address = "postgres://vigil:do-not-print-me-either@127.0.0.1:1/vigil";
    let ended =
        stage.run(&format!("serve --http-port 0 --log-level debug --database-url {address}")).await.code(4);
    assert!(ended.stderr.contains("127.0.0.1") && !ended.stderr.contains("do-not-print"), "{}", ended.stderr);
}

#[tokio::test]
async fn what_belongs_to_a_request_or_a_pass_says_so_in_every_format() {
    for (format, request, pass) in [
        ("text", r#"request_id="order-7""#, r#"pass{pass="#),
        ("logfmt", " request_id=order-7", " pass="),
        ("json", r#""request_id":"order-7""#, r#""pass":""#),
    ] {
        let stage = Stage::with_images(quick(), 1).await;
        let service = stage.serve(&format!("--log-level debug --log-format {format}")).await;
        let id = service.pass().await;
        service.ask("GET", "/summary", "X-Request-Id: order-7\r\n", "").await.status(200);
        let log = service.end().await.stderr;
        let of = |text: &str| log.lines().filter(|line| line.contains(text)).collect::<Vec<_>>();
        assert!(of("/summary").iter().all(|line| line.contains(request)) && !of(request).is_empty(), "{log}");
        let calls = of("StartImageScan");
        assert!(calls.len() == 1 && calls[0].contains(pass) && calls[0].contains(&id), "{log}");
    }
}

/// The fields of the events and spans in a source: `name`, `%name`, `?name` or `name = value`, between commas.
fn fields(source: &str) -> BTreeSet<String> {
    let event = Regex::new(r"tracing::(?:trace|debug|info|warn|error)(?:_span)?!\(").unwrap();
    let (text, field) =
        (Regex::new(r#""(?:[^"\\]|\\.)*""#).unwrap(), Regex::new(r"^[%?]?([a-z_]+)(?: =|$)").unwrap());
    let mut fields = BTreeSet::new();
    for start in event.find_iter(source).map(|found| found.end()) {
        let rest = text.replace_all(&source[start..], "\"\"");
        let mut depth = 0_usize;
        let mut parts = vec![String::new()];
        for c in rest.chars() {
            match c {
                ')' if depth == 0 => break,
                ',' if depth == 0 => parts.push(String::new()),
                c => {
                    depth += usize::from(matches!(c, '(' | '{' | '['));
                    depth -= usize::from(matches!(c, ')' | '}' | ']'));
                    parts.last_mut().unwrap().push(c);
                }
            }
        }
        let names = parts.iter().filter_map(|part| field.captures(part.trim()));
        fields.extend(names.map(|found| found[1].to_owned()));
    }
    fields
}

#[test]
fn the_documentation_lists_the_fields_that_there_are() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut logged = BTreeSet::new();
    let mut folders: Vec<PathBuf> = std::fs::read_dir(root.join("crates"))
        .unwrap()
        .map(|member| member.unwrap().path().join("src"))
        .collect();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                folders.push(entry);
            } else if entry.extension().is_some_and(|extension| extension == "rs") {
                let source = std::fs::read_to_string(&entry).unwrap();
                logged.extend(fields(source.split("#[cfg(test)]").next().unwrap()));
            }
        }
    }
    let document = std::fs::read_to_string(root.join("docs/logging.md")).unwrap();
    let rows =
        document.lines().filter(|line| line.starts_with("| `")).filter_map(|row| row.split('|').nth(1));
    let listed: BTreeSet<String> =
        rows.flat_map(|cell| cell.split(',')).map(|name| name.trim().replace('`', "")).collect();
    assert_eq!(listed, logged);
}
