//! Whole scrapes: what people's dashboards are fed with, what promtool says to it, and whether the list of it is true.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use insta::assert_snapshot;
use jiff::{SignedDuration, Timestamp};
use vigil_aws::CallCounts;
use vigil_core::coverage::{Aim, Aims, Coverage, Place};
use vigil_core::image::Repository;
use vigil_core::port::{EventMessage, Receipt, Scanner, Start};
use vigil_core::testing::{MemoryEcr, PausedClock, digest, image, now};
use vigil_core::wake::NotUnderstood;
use vigil_core::{Counts, Decision, Due, Ending, Entry, Hold, RegistryId, Severity};
use vigil_store::SinkQueue;

use super::deployed::promtool;
use crate::ledgers::Witness;
use crate::metrics::catalogue::FAMILIES;
use crate::metrics::family::{Family, Kind};
use crate::metrics::gathered::{Gathered, ImageSeries, RegistryState, RepositorySeries};
use crate::metrics::process::Process;
use crate::metrics::{
    CountedEntries, CountedScanner, Limits, Metrics, Outcome, PassEnd, ScheduleStanding, Scrape, What,
    process, render,
};

const OPEN_METRICS: &str = "application/openmetrics-text";
const PLACE: &str = r#"registry="123456789012",region="eu-west-1""#;

fn registry() -> RegistryId {
    let (account, region) = ("123456789012".parse().unwrap(), "eu-west-1".parse().unwrap());
    RegistryId { partition: "aws".parse().unwrap(), account, region }
}

fn counts(counts: &[(&str, u64)]) -> Counts {
    counts.iter().map(|(severity, count)| (Severity::from(*severity), *count)).collect()
}

fn queue(sink: &str, waiting: u64, oldest: Option<Timestamp>, dead: u64) -> SinkQueue {
    SinkQueue { sink: sink.parse().unwrap(), waiting, oldest, dead }
}

fn hours_ago(hours: i64) -> Timestamp {
    now() - SignedDuration::from_hours(hours)
}

/// An image under a tag: `repository:tag`.
pub(in crate::metrics) fn image_series(name: &str) -> ImageSeries {
    let (repository, tag) = name.split_once(':').unwrap();
    ImageSeries {
        registry: registry(),
        repository: repository.parse().unwrap(),
        tag: tag.parse().unwrap(),
        digest: digest(7),
        size_bytes: Some(28_311_552),
        pushed_at: Some(hours_ago(48)),
        scanned: Some((Some(hours_ago(3)), counts(&[("HIGH", 2), ("UNDEFINED", 1), ("DREADFUL", 1)]))),
    }
}

fn gathered() -> Gathered {
    let state = RegistryState {
        registry: registry(),
        repositories: 2,
        coverage: Coverage {
            scannable: 8,
            covered: 6,
            never_scanned: 1,
            oldest_scan: Some(hours_ago(24 * 9)),
            unscannable: [("archived".into(), 3), ("unsupported_image".into(), 1)].into(),
        },
        scans_used: 5,
        scans_budget: 100_000,
        open: counts(&[("CRITICAL", 1), ("HIGH", 4)]),
    };
    let repository = |name: &str, scan_on_push, tag_mutability: Option<&str>| RepositorySeries {
        registry: registry(),
        repository: Repository {
            scan_on_push,
            tag_mutability: tag_mutability.map(str::to_owned),
            ..Repository::from(name.parse::<vigil_core::RepositoryName>().unwrap())
        },
    };
    Gathered {
        registries: vec![state],
        sinks: vec![queue("mail", 2, Some(hours_ago(3)), 1), queue("quiet", 0, None, 0)],
        repositories: vec![
            repository("team/app", Some(true), Some("IMMUTABLE")),
            repository("team/new", None, None),
        ],
        images: vec![
            image_series("team/app:v2"),
            ImageSeries { scanned: None, size_bytes: None, pushed_at: None, ..image_series("team/app:v1") },
        ],
    }
}

/// A service that has made two passes and is in a third.
fn service() -> Metrics {
    let metrics = Metrics::default();
    let (next, interval) =
        (Some(now() + SignedDuration::from_hours(12)), Some(SignedDuration::from_hours(24)));
    let last_success = Some(hours_ago(40));
    metrics.schedule("nightly", &ScheduleStanding { next, interval, last_success, failed: 0 });
    for (hours, outcome) in [(30, Outcome::Complete), (12, Outcome::CutShort)] {
        let began = hours_ago(hours);
        let ended = began + SignedDuration::from_secs(90);
        metrics.pass_ended(&PassEnd { schedule: "nightly", began, ended, outcome, whole: true });
    }
    metrics.findings_changed(&registry(), &counts(&[("HIGH", 2)]), &counts(&[("LOW", 1)]));
    metrics.answered("GET", "/findings/{id}", 200, SignedDuration::from_millis(30));
    metrics.answered("BREW", "/metrics", 405, SignedDuration::from_secs(20));
    metrics.store_failed();
    hear(&metrics);
    metrics
}

/// Two messages: one of no use, and one that is in hand.
fn hear(metrics: &Metrics) {
    let message = |id: &str| EventMessage {
        receipt: Receipt(id.to_owned()),
        id: id.to_owned(),
        body: String::new(),
        sent_at: Some(hours_ago(1)),
        times: 1,
        said: Err(NotUnderstood { code: "not_json", what: String::new() }),
    };
    let messages = [message("1"), message("2")];
    metrics.listens();
    metrics.events_received(&messages);
    metrics.event_heeded(&messages[0], What::DeadLetter);
    metrics.events_let_go(&messages[..1]);
    metrics.event_queue_failed();
}

/// The same, in the middle of a pass after one in which not everything was scanned.
fn busy_service() -> Metrics {
    let (metrics, registry, repository) = (service(), registry(), "team/app".parse().unwrap());
    let decided = |n, decision| Entry::Decided(Box::new(image(n, &["v1"], 1)), decision);
    let before = CountedEntries::new(&metrics, "nightly");
    let held = Decision::Hold(Due::NeverScanned, Hold::PassCap { cap: 3 });
    before.entries(&registry, &repository, hours_ago(12), &[decided(1, held)]).unwrap();
    before.finish(true);
    let now = CountedEntries::new(&metrics, "nightly");
    let waits = vec![decided(1, Decision::Scan(Due::NeverScanned)), decided(2, Decision::Wait)];
    now.entries(&registry, &repository, hours_ago(1), &waits).unwrap();
    metrics.catalogue("kev", Some((hours_ago(3), 1404)));
    metrics
}

/// The same process each time, for the golden files.
fn some_process() -> Process {
    Process {
        cpu_seconds: Some(1.25),
        resident_bytes: Some(20_480_000),
        virtual_bytes: Some(204_800_000),
        open_fds: Some(12),
        max_fds: Some(1024),
        threads: Some(4),
        started_at: Some(1_795_262_000.5),
    }
}

fn told(metrics: &Metrics, accept: Option<&str>) -> String {
    told_of(metrics, Some(&gathered()), some_process(), accept)
}

fn told_of(metrics: &Metrics, gathered: Option<&Gathered>, process: Process, accept: Option<&str>) -> String {
    told_by(&everywhere(), metrics, gathered, process, accept)
}

/// One schedule looks at everything.
fn everywhere() -> Aims {
    let aim = Aim {
        schedule: "nightly".parse().unwrap(),
        selects: Some(Default::default()),
        takes_named: false,
        expiry: "7d".parse().unwrap(),
    };
    Aims { schedules: vec![aim], places: vec![Place::default()], named: None }
}

fn told_by(
    aims: &Aims,
    metrics: &Metrics,
    gathered: Option<&Gathered>,
    process: Process,
    accept: Option<&str>,
) -> String {
    let calls = CallCounts { ok: 40, ..CallCounts::default() };
    let former = CallCounts { ok: 3, throttled: 1, ..CallCounts::default() };
    let connections = [
        (registry(), BTreeMap::from([("DescribeImages", former)])),
        (registry(), BTreeMap::from([("DescribeImages", calls), ("StartImageScan", calls)])),
    ];
    let (connections, limits) = (&connections, &Limits::default());
    render(&Scrape { metrics, gathered, connections, process, limits, aims }, accept).body
}

/// The lines of the samples of one family.
fn samples<'t>(text: &'t str, family: &str) -> Vec<&'t str> {
    let of_family = |line: &&str| line.strip_prefix(family).is_some_and(|rest| rest.starts_with([' ', '{']));
    text.lines().filter(of_family).collect()
}

#[test]
fn a_scrape_as_text() {
    assert_snapshot!(told(&busy_service(), None));
}

#[test]
fn a_registry_that_nothing_names_any_more_is_gone_from_the_metrics() {
    let metrics = busy_service();
    let aims = Aims { places: Vec::new(), ..everywhere() };
    let told = told_by(&aims, &metrics, None, some_process(), None);
    assert!(!told.contains("eu-west-1"), "{told}");
}

#[test]
fn a_scrape_as_open_metrics_has_the_same_samples() {
    let of = |text: String| -> Vec<String> {
        text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
    };
    let metrics = service();
    let open = told(&metrics, Some(OPEN_METRICS));
    assert!(open.ends_with("# EOF\n"));
    assert!(open.contains("# TYPE aws_ecr_scans_requested unknown\naws_ecr_scans_requested 0\n"), "{open}");
    assert!(open.contains("# TYPE ecr_vigil_passes counter\necr_vigil_passes_total{"), "{open}");
    assert_eq!(of(open), of(told(&metrics, None)));
}

#[test]
fn what_is_gone_from_the_store_is_gone_from_the_metrics() {
    let metrics = service();
    let told = told_of(&metrics, Some(&Gathered::default()), some_process(), None);
    assert!(!told.contains("team/app"), "{told}");
}

#[test]
fn a_store_that_does_not_answer_leaves_the_rest_to_be_told() {
    let told = told_of(&service(), None, some_process(), None);
    assert_eq!(samples(&told, "ecr_vigil_store_up"), ["ecr_vigil_store_up 0"]);
    assert_eq!(samples(&told, "ecr_vigil_images_scannable"), [""; 0]);
    assert_eq!(samples(&told, "aws_ecr_scans_requested"), ["aws_ecr_scans_requested 0"]);
}

#[test]
fn this_process_is_told_of() {
    let told = told_of(&service(), None, process(), None);
    let families = FAMILIES.iter().filter(|family| family.name.starts_with("process_"));
    for family in families {
        let samples = samples(&told, family.name);
        let value = samples.first().and_then(|sample| sample.split_once(' ')).map(|(_, value)| value);
        assert!(value.is_some_and(|value| value.parse::<f64>().unwrap() >= 0.0), "{}", family.name);
    }
}

/// What each answer of ECR to a request for a scan adds to: accepted, error, rate-limited.
#[tokio::test]
async fn requests_for_scans_are_counted_by_their_answer() {
    let (metrics, ecr) = (Metrics::default(), MemoryEcr::new(PausedClock::new()));
    ecr.answer_start(digest(2), Start::Unsupported("no operating system".into()));
    ecr.answer_start(digest(3), Start::RegistryQuota("enough".into()));
    let scanner = CountedScanner::new(&metrics, &ecr);
    let repository = "team/app".parse().unwrap();
    for n in [1, 1, 2, 3] {
        scanner.start(&repository, digest(n)).await.unwrap();
    }
    let told = told(&metrics, None);
    assert_eq!(samples(&told, "aws_ecr_scans_requested"), ["aws_ecr_scans_requested 1"]);
    assert_eq!(samples(&told, "aws_ecr_scans_rate_limited"), ["aws_ecr_scans_rate_limited 2"]);
    assert_eq!(samples(&told, "aws_ecr_scans_requested_errors"), ["aws_ecr_scans_requested_errors 1"]);
}

#[test]
fn a_pass_tells_what_is_due_held_and_in_flight() {
    let (metrics, registry, repository) = (Metrics::default(), registry(), "team/app".parse().unwrap());
    let ledger = CountedEntries::new(&metrics, "nightly");
    let decided = |n, decision| Entry::Decided(Box::new(image(n, &["v1"], 1)), decision);
    let held = |why| Decision::Hold(Due::NeverScanned, why);
    let quota = || Hold::RegistryQuota { said: "enough".into() };
    let record = |entry| ledger.entries(&registry, &repository, now(), &[entry]).unwrap();
    for n in 1..=3 {
        record(decided(n, Decision::Scan(Due::NeverScanned)));
    }
    record(decided(4, held(Hold::PassCap { cap: 3 })));
    record(decided(5, Decision::Wait));
    record(decided(6, Decision::Wait));
    record(Entry::Ended(digest(5), Ending::Scanned));
    // What was to be scanned is held after all, and is due once.
    record(decided(3, held(quota())));
    record(Entry::Started(digest(1), hours_ago(2)));
    record(Entry::Started(digest(2), hours_ago(3)));
    record(Entry::Ended(digest(2), Ending::Scanned));
    record(decided(7, Decision::Scan(Due::NeverScanned)));
    let during = told(&metrics, None);
    assert!(samples(&during, "ecr_vigil_scans_in_flight")[0].ends_with(" 2"), "{during}");
    assert!(samples(&during, "ecr_vigil_scans_to_start")[0].ends_with(" 1"), "{during}");
    let oldest = |queue, at: Timestamp| {
        let name = "ecr_vigil_queue_oldest_timestamp_seconds";
        format!("{name}{{{PLACE},queue=\"{queue}\"}} {}", at.as_second())
    };
    assert_eq!(
        samples(&during, "ecr_vigil_queue_oldest_timestamp_seconds"),
        [oldest("to_start", now()), oldest("in_flight", hours_ago(2))]
    );
    assert_eq!(samples(&during, "ecr_vigil_images_due"), [""; 0], "the pass is not over");
    ledger.finish(true);
    let after = told(&metrics, None);
    assert!(samples(&after, "ecr_vigil_scans_in_flight")[0].ends_with(" 0"), "{after}");
    // One was scanned; one was started and did not come to an end, two are held, and one was never started.
    assert!(samples(&after, "ecr_vigil_images_due")[0].ends_with(" 4"), "{after}");
    assert_eq!(samples(&after, "ecr_vigil_queue_oldest_timestamp_seconds"), [""; 0]);
    let place = format!("{PLACE},schedule=\"nightly\"");
    assert_eq!(
        samples(&after, "ecr_vigil_images_held"),
        [
            format!("ecr_vigil_images_held{{{place},reason=\"pass_cap\"}} 1"),
            format!("ecr_vigil_images_held{{{place},reason=\"registry_quota\"}} 1"),
        ]
    );
}

#[test]
fn a_pass_by_hand_on_named_images_says_nothing_of_the_schedule() {
    let (metrics, registry, repository) = (busy_service(), registry(), "team/app".parse().unwrap());
    let of_schedule = |told: &str| -> Vec<String> {
        let families =
            ["ecr_vigil_images_due", "ecr_vigil_images_held", "ecr_vigil_last_pass_timestamp_seconds"];
        families.iter().flat_map(|family| samples(told, family)).map(str::to_owned).collect()
    };
    let before = of_schedule(&told(&metrics, None));
    assert_eq!(before.len(), 3, "{before:?}");
    let by_hand = CountedEntries::new(&metrics, "nightly");
    let held = Decision::Hold(Due::NeverScanned, Hold::PassCap { cap: 3 });
    let decided = [2, 3].map(|n| Entry::Decided(Box::new(image(n, &["v1"], 1)), held.clone()));
    by_hand.entries(&registry, &repository, now(), &decided).unwrap();
    by_hand.finish(false);
    let (began, ended, outcome) = (hours_ago(1), now(), Outcome::Complete);
    metrics.pass_ended(&PassEnd { schedule: "nightly", began, ended, outcome, whole: false });
    let after = told(&metrics, None);
    assert_eq!(of_schedule(&after), before);
    assert!(after.contains("passes_total{schedule=\"nightly\",outcome=\"complete\"} 2\n"), "{after}");
}

#[test]
fn every_family_is_served_and_every_served_family_is_in_the_list() {
    let served: BTreeSet<String> = told(&service(), None)
        .lines()
        .filter_map(|line| Some(line.strip_prefix("# TYPE ")?.split_once(' ')?.0.to_owned()))
        .collect();
    let listed: BTreeSet<String> = FAMILIES.iter().map(|family| family.name.to_owned()).collect();
    assert_eq!(served, listed);
    assert_eq!(listed.len(), FAMILIES.len(), "a name stands twice");
}

#[test]
fn every_family_has_a_sample_in_a_full_scrape() {
    let told = told(&busy_service(), None);
    for family in FAMILIES {
        let name = match family.kind {
            Kind::Histogram => format!("{}_bucket", family.name),
            _ => family.name.to_owned(),
        };
        assert!(!samples(&told, &name).is_empty(), "{name}");
    }
}

fn documented(family: &Family) -> String {
    let labels: Vec<String> = family.labels.iter().map(|label| format!("`{label}`")).collect();
    format!("| `{}` | {} | {} | {} |", family.name, family.kind.in_text(), labels.join(" "), family.help)
}

#[test]
fn the_documentation_lists_what_is_served() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/metrics.md");
    let document = std::fs::read_to_string(path).unwrap();
    let rows: Vec<&str> = document.lines().filter(|line| line.starts_with("| `")).collect();
    let families: Vec<String> = FAMILIES.iter().map(|family| documented(family)).collect();
    assert_eq!(rows.join("\n"), families.join("\n"));
}

/// What promtool has against a scrape; its parser reads the text format alone.
#[test]
fn promtool_minds_nothing_but_names_of_old() {
    let said = promtool("check metrics", &told(&service(), None));
    // Names that dashboards out there know, and that nobody would choose today.
    let minded: Vec<&str> = said.lines().collect();
    assert_eq!(
        minded,
        [
            "aws_ecr_repository_count non-histogram and non-summary metrics should not have \"_count\" suffix",
            "aws_ecr_scans_rate_limited counter metrics should have \"_total\" suffix",
            "aws_ecr_scans_requested counter metrics should have \"_total\" suffix",
            "aws_ecr_scans_requested_errors counter metrics should have \"_total\" suffix",
        ]
    );
}
